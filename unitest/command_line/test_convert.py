"""`comparators convert`."""

import importlib.util
from pathlib import Path

import numpy as np
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


def test_a_published_cavmae_becomes_a_model(run, tmp_path, monkeypatch):
    from comparators.models import CAVMAE

    # The published size would take minutes.
    monkeypatch.setattr(CAVMAE, "base", CAVMAE.tiny)
    for name, sizes in (("fits", {}), ("wide", {"embedding_dim": 32})):
        weights = CAVMAE.tiny(**sizes).torch_weights()
        np.savez(tmp_path / f"{name}.npz", **{w.names[0]: np.full(w.shape, 0.5, "float32") for w in weights})
    output = tmp_path / "m.keras"
    result = run("convert", tmp_path / "wide.npz", "-o", output, "--kind", "cav-mae")
    assert result.status == 2
    assert "Of another shape" in result.err
    result = run("convert", tmp_path / "fits.npz", "-o", output, "--kind", "cav-mae", "--json")
    assert result.status == 0, result.err
    model = comparators.load(output)
    assert (model.fingerprint, result.document["embedding_dim"]) == (result.document["fingerprint"], 48)
    assert all((np.asarray(w.variable) == 0.5).all() for w in model.torch_weights())


@pytest.mark.opt_in
@pytest.mark.skipif(importlib.util.find_spec("resemblyzer") is None, reason="needs the package resemblyzer")
def test_published_weights_become_a_model(run, recordings, tmp_path):
    weights = Path(importlib.util.find_spec("resemblyzer").origin).with_name("pretrained.pt")
    result = run("convert", weights, "-o", tmp_path / "ge2e.keras", "--json")
    assert result.status == 0
    model = comparators.load(tmp_path / "ge2e.keras")
    assert model.fingerprint == result.document["fingerprint"]
    assert model.embed(recordings).shape == (9, 256)
