"""`comparators train`."""

import shutil

import pytest

import comparators

TINY = ("--embedding-dim", 8, "--channels", 8, "--window-seconds", 0.5, "--items-per-label", 2)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, voices_table):
    path = tmp_path_factory.mktemp("manifest") / "m.csv"
    voices_table[(voices_table["sentence"] <= 3) & (voices_table["label"] <= "voice-06")].to_csv(path, index=False)
    return path


def test_trains_validates_and_saves_a_model_with_a_threshold(run, manifest, tmp_path):
    output = tmp_path / "model.keras"
    result = run("train", manifest, "-o", output, "--epochs", 2, *TINY, "--json")
    assert result.status == 0
    history = result.document["history"]
    assert len(history["loss"]) == len(history["val_eer"]) == 2
    assert "epoch 2 of 2" in result.err
    model = comparators.load(output)
    assert model.embedding_dim == 8
    assert "2 validation labels of m.csv" in model.threshold.origin
    assert model.fingerprint == result.document["fingerprint"]
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_the_same_seed_gives_the_same_model(run, manifest, tmp_path):
    documents = [
        run("train", manifest, "-o", tmp_path / f"{i}.keras", "--epochs", 1, *TINY, "--json", "-q").document
        for i in range(2)
    ]
    assert documents[0]["history"]["loss"] == pytest.approx(documents[1]["history"]["loss"], rel=1e-4)


def test_the_best_epoch_is_kept(run, manifest, tmp_path, monkeypatch):
    from comparators.callbacks import VerificationMonitor

    fingerprints, rates = [], iter([0.2, 0.1, 0.3])

    def on_epoch_end(self, epoch, logs):
        fingerprints.append(self.model.fingerprint)
        logs[self.name] = next(rates)

    monkeypatch.setattr(VerificationMonitor, "on_epoch_end", on_epoch_end)
    result = run("train", manifest, "-o", tmp_path / "m.keras", "--epochs", 3, *TINY, "--json")
    assert result.document["fingerprint"] == fingerprints[1]


def test_goes_on_from_a_model(run, manifest, model_path, tmp_path):
    copy = shutil.copy(model_path, tmp_path / "start.keras")
    arguments = ("--model", copy, "--epochs", 1, "--learning-rate", "1e-9", *TINY, "--validation-fraction", 0)
    result = run("train", manifest, "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 0
    assert "no validation labels" in result.err
    assert "threshold: none" in result.out
    trained, start = comparators.load(tmp_path / "m.keras"), comparators.load(model_path)
    sound = comparators.bundled_voices()[:1]
    assert trained.embed(sound) == pytest.approx(start.embed(sound), abs=1e-3)


def test_recordings_that_cannot_be_read_are_left_out(run, manifest, odd_files, tmp_path):
    broken = tmp_path / "broken.csv"
    rows = manifest.read_text()
    broken.write_text(rows + "".join(f"{odd_files[name]},voice-01,9,,,,,,\n" for name in ("empty", "zeros", "missing")))
    result = run("train", broken, "-o", tmp_path / "m.keras", "--epochs", 1, *TINY)
    assert result.status == 1
    assert "left out 3 of 21 recordings" in result.err
    assert all(str(odd_files[name]) in result.err for name in ("empty", "zeros", "missing"))
    assert "trained on 12 recordings of 4 labels" in result.out


def test_bad_manifests_are_refused_before_the_training(run, voices_table, recordings, tmp_path):
    output = tmp_path / "m.keras"
    voices_table.groupby("label").head(1).to_csv(tmp_path / "one.csv", index=False)
    result = run("train", tmp_path / "one.csv", "-o", output)
    assert result.status == 2
    assert "two recordings of a label" in result.err
    result = run("train", tmp_path / "one.csv", "-o", output, "--label-column", "singer")
    assert result.status == 2
    assert "No column `singer`" in result.err
    assert run("train", recordings / "voice-01", "-o", output).status == 2
    assert run("train", recordings, "-o", tmp_path / "m.h5").status == 2
    assert not output.exists()
