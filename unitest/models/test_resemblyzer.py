"""The published GE2E encoder: weights by name, front end, and the package's own embeddings."""

import warnings

import numpy as np
import pytest
from keras import ops

from comparators.models import AudioEncoder, resemblyzer
from comparators.models.encoders import LSTMTrunk
from comparators.models.resemblyzer import load_resemblyzer, set_trunk_state, state_shapes


def make_state(trunk: LSTMTrunk, num_features: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = state_shapes(trunk, num_features)
    return {name: (0.1 * rng.normal(size=shape)).astype("float32") for name, shape in shapes.items()}


@pytest.fixture
def trunk():
    return LSTMTrunk(units=3, num_layers=2, embedding_dim=5)


@pytest.fixture
def checkpoint(monkeypatch):
    """Stands in for the published file: its names and shapes, other numbers."""
    state = make_state(LSTMTrunk(), num_features=40)
    content = {
        "step": 7,
        "model_state": {"similarity_weight": np.array([12.5]), "similarity_bias": np.array([-3.0]), **state},
    }
    monkeypatch.setattr(resemblyzer, "read_torch_checkpoint", lambda path: content)
    return content


def test_weights(trunk):
    state = make_state(trunk, num_features=4)
    set_trunk_state(trunk, state, num_features=4)
    kernel, recurrent, bias = trunk.recurrent_layers[1].get_weights()
    np.testing.assert_array_equal(kernel, state["lstm.weight_ih_l1"].T)
    np.testing.assert_array_equal(recurrent, state["lstm.weight_hh_l1"].T)
    np.testing.assert_allclose(bias, state["lstm.bias_ih_l1"] + state["lstm.bias_hh_l1"])
    np.testing.assert_array_equal(trunk.projection.get_weights()[0], state["linear.weight"].T)


def test_names_that_do_not_fit(trunk):
    state = make_state(trunk, num_features=4)
    del state["linear.bias"], state["lstm.bias_hh_l0"]
    state |= {"head.weight": np.zeros(2), "linear.weight": np.zeros((3, 5))}
    before = trunk.get_weights()
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        set_trunk_state(trunk, state, num_features=4)
    for text in (
        "Missing: linear.bias, lstm.bias_hh_l0",
        "Unexpected: head.weight",
        r"Of another shape: linear.weight is (3, 5), not (5, 3)",
    ):
        assert text in str(error.value)
    for old, new in zip(before, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_parts(checkpoint):
    model = AudioEncoder.from_resemblyzer("pretrained.pt")
    assert (model.objective.initial_scale, model.objective.initial_bias) == (12.5, -3.0)
    assert (model.encoder.front_end.num_mels, model.encoder.front_end.fft_length) == (40, 400)
    assert model.threshold is None
    kernel = model.encoder.trunk.recurrent_layers[0].get_weights()[0]
    np.testing.assert_array_equal(kernel, checkpoint["model_state"]["lstm.weight_ih_l0"].T)


def test_names_of_parallel_training(checkpoint):
    plain = load_resemblyzer("pretrained.pt").fingerprint
    checkpoint["model_state"] = {f"module.{name}": value for name, value in checkpoint["model_state"].items()}
    assert load_resemblyzer("pretrained.pt").fingerprint == plain


def test_windows(checkpoint):
    """A window that reaches past the end is filled up with zeros, and dropped when less than .75 of it is sound."""
    model = load_resemblyzer("pretrained.pt")
    waveform = np.random.default_rng(0).normal(size=40_000).astype("float32")
    trunk, front_end = model.encoder.trunk, model.encoder.front_end
    mels = ops.convert_to_numpy(front_end(np.pad(waveform, (0, 20_000))[None]))[0]
    partial = ops.convert_to_numpy(trunk(np.stack([mels[start : start + 160] for start in (0, 77)])))
    mean = partial.mean(axis=0)
    np.testing.assert_allclose(model.embed([waveform])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_other_checkpoints(monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_resemblyzer(tmp_path / "missing.pt")
    monkeypatch.setattr(resemblyzer, "read_torch_checkpoint", lambda path: {"weights": np.zeros(3)})
    with pytest.raises(ValueError, match=r"other.pt is a checkpoint of another kind: it has no `model_state`"):
        load_resemblyzer("other.pt")


@pytest.fixture(scope="module")
def package():
    """The installed package and its weights; it needs torch and `setuptools<81`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("resemblyzer", reason="the package Resemblyzer is not installed")


@pytest.fixture(scope="module")
def converted(package):
    return load_resemblyzer(f"{package.__path__[0]}/pretrained.pt")


def cosines(package, model: AudioEncoder, paths: list) -> np.ndarray:
    """Cosines of both embeddings of the same waveforms, after the package's own reading and trimming."""
    waveforms = [package.preprocess_wav(path) for path in paths]
    theirs = package.VoiceEncoder("cpu", verbose=False)
    expected = np.stack([theirs.embed_utterance(waveform) for waveform in waveforms])
    return np.sum(expected * model.embed(waveforms), axis=1)


@pytest.mark.opt_in
def test_same_embeddings_of_the_bundled_recordings(package, converted, voices):
    assert cosines(package, converted, sorted(voices.glob("*_sentence_1.flac"))[:8]).min() >= 0.9999


@pytest.mark.opt_in
def test_same_embeddings_of_real_recordings(package, converted, data_folder):
    paths = sorted(data_folder.glob("librispeech_small/audio/*/*.flac"))[::97][:6]
    paths += sorted(data_folder.glob("an4_speakers/audio/*/*.flac"))[::97][:8]
    assert cosines(package, converted, paths).min() >= 0.9999


@pytest.mark.opt_in
def test_one_file_without_the_package(converted, voices, tmp_path):
    import comparators

    converted.save(tmp_path / "published.keras")
    loaded = comparators.load(tmp_path / "published.keras")
    assert loaded.fingerprint == converted.fingerprint
    paths = sorted(voices.glob("voice_01*.flac"))[:2]
    np.testing.assert_allclose(loaded.embed(paths), converted.embed(paths), atol=1e-6)
