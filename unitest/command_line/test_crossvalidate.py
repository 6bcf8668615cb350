"""`comparators crossvalidate`."""

import numpy as np
import pandas as pd
import pytest
import soundfile

TONES = {"low": 200.0, "high": 2_000.0}


@pytest.fixture
def clips(tmp_path):
    """Two folds of two classes, as ESC-50 names them; one clip is silent."""
    folder, rng = tmp_path / "clips", np.random.default_rng(0)
    folder.mkdir()
    times = np.arange(8_000) / 16_000
    for fold in (1, 2):
        for code, tone in enumerate(TONES.values()):
            for clip in range(4):
                wave = 0.3 * np.sin(2 * np.pi * tone * times) + 0.02 * rng.normal(size=8_000)
                wave *= not (fold == 1 and code == 0 and clip == 0)
                soundfile.write(folder / f"{fold}-{fold}{code}{clip}-A-{code}.wav", wave, 16_000)
    return folder


def test_results(run, clips, tmp_path):
    folder = tmp_path / "results"
    command = ("crossvalidate", clips, "-o", folder, "--model", "cnn", "--plain", "--epochs", 2, "-q", "--json")
    result = run(*command)
    assert result.status == 0, result.err
    document = result.document
    assert [fold["fold"] for fold in document["folds"]] == ["1", "2"]
    assert set(document["summary"]) == {"accuracy", "precision", "recall", "f1"}
    names = ("predictions.csv", "measures.csv", "summary.csv", "confusion.png", "fold_1.csv", "fold_2.csv")
    assert set(names) <= {path.name for path in folder.iterdir()}
    predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
    assert len(predictions) == 16
    assert predictions["predicted"].notna().all()
    np.testing.assert_allclose(
        document["summary"]["accuracy"]["mean"], (predictions["label"] == predictions["predicted"]).mean()
    )
    (folder / "fold_2.csv").unlink()
    kept = (folder / "fold_1.csv").stat().st_mtime_ns
    assert run(*command).document == document
    assert (folder / "fold_1.csv").stat().st_mtime_ns == kept, "a finished fold is not trained again"


def test_results_of_another_model_are_refused(run, clips, tmp_path):
    run("crossvalidate", clips, "-o", tmp_path, "--model", "cnn", "--plain", "--epochs", 1, "-q")
    result = run("crossvalidate", clips, "-o", tmp_path, "--model", "cnn", "--plain", "--epochs", 2, "-q")
    assert result.status == 2
    assert "results of another settings" in result.err


def test_text(run, clips, tmp_path):
    result = run("crossvalidate", clips, "-o", tmp_path / "r", "--model", "ast", "--epochs", 1)
    assert result.status == 0
    for word in ("fold", "accuracy", "precision", "recall", "f1", "mean", "std"):
        assert word in result.out
    assert "trained on" in result.err


def test_bad_input(run, tmp_path):
    result = run("crossvalidate", tmp_path / "missing", "-o", tmp_path / "r")
    assert result.status == 2
    assert "No such manifest or folder" in result.err
