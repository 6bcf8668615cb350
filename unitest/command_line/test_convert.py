"""`comparators convert`."""

import importlib.util
from pathlib import Path

import pytest

import comparators


def test_what_is_no_checkpoint_is_refused(run, tmp_path):
    path = tmp_path / "pretrained.pt"
    path.write_text("no weights")
    for name in (path, tmp_path / "missing.pt"):
        result = run("convert", name, "-o", tmp_path / "m.keras")
        assert result.status == 2
        assert str(name) in result.err
    assert not (tmp_path / "m.keras").exists()


def test_the_output_must_be_a_keras_file(run, tmp_path):
    result = run("convert", tmp_path / "pretrained.pt", "-o", tmp_path / "m.h5")
    assert result.status == 2
    assert ".keras" in result.err


@pytest.mark.opt_in
@pytest.mark.skipif(importlib.util.find_spec("resemblyzer") is None, reason="needs the package resemblyzer")
def test_published_weights_become_a_model(run, recordings, tmp_path):
    weights = Path(importlib.util.find_spec("resemblyzer").origin).with_name("pretrained.pt")
    result = run("convert", weights, "-o", tmp_path / "ge2e.keras", "--json")
    assert result.status == 0
    model = comparators.load(tmp_path / "ge2e.keras")
    assert model.fingerprint == result.document["fingerprint"]
    assert model.embed(recordings).shape == (9, 256)
