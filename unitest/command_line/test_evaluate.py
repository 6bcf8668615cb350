"""`comparators evaluate`."""

import pytest

import comparators
from comparators import metrics


def test_figures_are_those_of_the_metrics(run, model_path, recordings):
    document = run("evaluate", model_path, recordings, "--json").document
    model = comparators.load(model_path)
    table, _ = model.embed_files(recordings, progress=False)
    scores, same = metrics.pair_scores(table.vectors, table.labels)
    assert (document["recordings"], document["labels"], document["pairs"]) == (9, 3, 36)
    assert document["equal_error_rate"] == pytest.approx(metrics.equal_error_rate(scores, same), abs=1e-6)
    low, high = document["equal_error_rate_interval"]
    assert 0 <= low <= high <= 1
    own = document["threshold"]
    assert own["false_accept_rate"] == pytest.approx((scores[~same] >= own["value"]).mean())
    assert "bundled voices" in own["origin"]


def test_text_names_every_figure(run, model_path, recordings):
    result = run("evaluate", model_path, recordings)
    assert result.status == 0
    for words in ("equal error rate", "95 % interval", "minDCF", "ROC", "nearest has the same label", "bundled voices"):
        assert words in result.out


def test_a_threshold_is_fitted_and_stored_in_a_copy(run, other_model_path, recordings, tmp_path):
    fitted = tmp_path / "fitted.keras"
    result = run("evaluate", other_model_path, recordings, "--target-far", "0.1", "-o", fitted)
    assert result.status == 0
    assert "threshold of the model" in result.out
    assert "none" in result.out
    copy = comparators.load(fitted)
    assert copy.threshold.far <= 0.1
    assert "recordings, 3 labels" in copy.threshold.origin
    assert copy.fingerprint == comparators.load(other_model_path).fingerprint
    assert comparators.load(other_model_path).threshold is None
    pair = recordings / "voice-01" / "1.wav", recordings / "voice-01" / "2.wav"
    assert run("verify", *pair, "--model", fitted).status in (0, 1)


def test_needs_labels_and_two_recordings_of_one(run, model_path, recordings, voices_table, tmp_path):
    result = run("evaluate", model_path, recordings / "voice-01")
    assert result.status == 2
    assert "Evaluation needs labels" in result.err
    voices_table.groupby("label").head(1).to_csv(tmp_path / "one.csv", index=False)
    result = run("evaluate", model_path, tmp_path / "one.csv")
    assert result.status == 2
    assert "two recordings of a label" in result.err
    assert "24 recordings of 24 labels" in result.err
