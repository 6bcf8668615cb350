"""`comparators train`."""

import shutil

import pytest

import comparators

SMALL = ("--window-seconds", 0.5, "--items-per-label", 2)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, voices_table):
    path = tmp_path_factory.mktemp("manifest") / "m.csv"
    voices_table[(voices_table["sentence"] <= 3) & (voices_table["label"] <= "voice-06")].to_csv(path, index=False)
    return path


@pytest.fixture
def start(model_path, tmp_path):
    """A copy of the tiny model to go on from: quicker to train than a new one."""
    return shutil.copy(model_path, tmp_path / "start.keras")


def test_trains_a_new_encoder_validates_it_and_fits_a_threshold(run, manifest, tmp_path):
    output = tmp_path / "model.keras"
    size = ("--embedding-dim", 8, "--channels", 8)
    result = run("train", manifest, "-o", output, "--epochs", 1, *size, *SMALL, "--json")
    assert result.status == 0
    history = result.document["history"]
    assert len(history["loss"]) == len(history["val_eer"]) == 1
    assert "epoch 1 of 1" in result.err
    model = comparators.load(output)
    assert model.embedding_dim == 8
    assert "2 validation labels of m.csv" in model.threshold.origin
    assert model.fingerprint == result.document["fingerprint"]
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_the_same_seed_gives_the_same_model(run, manifest, model_path, tmp_path):
    losses = []
    for name in "ab":
        start = shutil.copy(model_path, tmp_path / f"{name}.keras")
        arguments = ("--model", start, "--epochs", 1, *SMALL, "--json", "-q")
        losses.append(run("train", manifest, "-o", tmp_path / "m.keras", *arguments).document["history"]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_best_epoch_is_kept(run, manifest, start, tmp_path, monkeypatch):
    from comparators.callbacks import EmbeddingMonitor

    fingerprints, rates = [], iter([0.2, 0.1, 0.3])

    def measure(self):
        fingerprints.append(self.model.fingerprint)
        return {"val_eer": next(rates)}

    monkeypatch.setattr(EmbeddingMonitor, "measure", measure)
    arguments = ("--model", start, "--epochs", 3, *SMALL, "--json")
    result = run("train", manifest, "-o", tmp_path / "m.keras", *arguments)
    assert len(set(fingerprints)) == 3
    assert result.document["fingerprint"] == fingerprints[1]


def test_goes_on_from_a_model(run, manifest, start, model_path, tmp_path):
    arguments = ("--model", start, "--epochs", 1, "--learning-rate", "1e-9", *SMALL, "--validation-fraction", 0)
    result = run("train", manifest, "-o", tmp_path / "m.keras", *arguments)
    assert result.status == 0
    assert "no validation labels" in result.err
    assert "threshold: none" in result.out
    trained, before = comparators.load(tmp_path / "m.keras"), comparators.load(model_path)
    sound = comparators.bundled_voices()[:1]
    assert trained.embed(sound) == pytest.approx(before.embed(sound), abs=1e-3)


def test_recordings_that_cannot_be_read_are_left_out(run, manifest, start, odd_files, tmp_path):
    broken = tmp_path / "broken.csv"
    bad = [odd_files[name] for name in ("empty", "zeros", "brief", "missing")]
    broken.write_text(manifest.read_text() + "".join(f"{path},voice-01,9,,,,,,\n" for path in bad))
    result = run("train", broken, "-o", tmp_path / "m.keras", "--model", start, "--epochs", 1, *SMALL)
    assert result.status == 1
    assert "left out 4 of 22 recordings" in result.err
    assert all(str(path) in result.err for path in bad)
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
