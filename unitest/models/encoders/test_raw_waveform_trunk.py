"""Convolutions on the waveform: padding, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import WaveformFrames
from comparators.models.encoders import RawWaveformTrunk, WaveformEncoder


@pytest.fixture
def ragged():
    rng = np.random.default_rng(0)
    return {"waveforms": rng.normal(size=(64, 1600)).astype("float32"), "lengths": rng.integers(1, 1601, 64)}


@pytest.fixture
def encoder(ragged):
    """An encoder whose batch normalisation has statistics of its own."""
    encoder = tiny_encoder()
    encoder.compile("adam", "mse")
    encoder.fit(ragged, np.zeros((64, 4)), epochs=2, verbose=0)
    return encoder


def tiny_encoder() -> WaveformEncoder:
    return WaveformEncoder(WaveformFrames(), RawWaveformTrunk(embedding_dim=4, channels=(8, 8, 12)))


def test_batch_and_alone(encoder, ragged):
    together = ops.convert_to_numpy(encoder(ragged))
    for item in range(0, 64, 16):
        length = ragged["lengths"][item]
        alone = ops.convert_to_numpy(encoder(ragged["waveforms"][item : item + 1, :length]))
        np.testing.assert_allclose(alone[0], together[item], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)


def test_padding_does_not_reach_the_statistics(ragged):
    dirty = {**ragged, "waveforms": ragged["waveforms"].copy()}
    for waveform, length in zip(dirty["waveforms"], dirty["lengths"], strict=True):
        waveform[length:] = 1e3
    encoder = tiny_encoder()
    encoder.trunk.dropping.rate = 0.0
    clean = ops.convert_to_numpy(encoder(ragged, training=True))
    np.testing.assert_allclose(ops.convert_to_numpy(encoder(dirty, training=True)), clean, atol=1e-5)


def test_saved(encoder, ragged, tmp_path):
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert loaded.trunk.get_config() == encoder.trunk.get_config()
    np.testing.assert_allclose(loaded.predict(ragged, verbose=0), encoder.predict(ragged, verbose=0), atol=1e-6)


def test_half_precision(ragged):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        embeddings = tiny_encoder()(ragged)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(embeddings.dtype) == "float32"
    np.testing.assert_allclose(np.linalg.norm(ops.convert_to_numpy(embeddings), axis=1), 1, rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": ()}, "`channels` must name the filters of one convolution at least"),
        ({"embedding_dim": 0}, "`embedding_dim` must be positive. Received: embedding_dim=0."),
        ({"frame_length": 0}, "`frame_length` must be positive. Received: frame_length=0."),
        ({"kernel_size": 0}, "`kernel_size` must be positive. Received: kernel_size=0."),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1. Received: dropout=1.0."),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        RawWaveformTrunk(**arguments)
