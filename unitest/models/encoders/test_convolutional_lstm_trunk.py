"""Convolutions and an LSTM: padding, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ConvolutionalLSTMTrunk


@pytest.fixture
def ragged():
    rng = np.random.default_rng(0)
    return {"features": rng.normal(size=(64, 50, 10)).astype("float32"), "lengths": rng.integers(1, 51, 64)}


@pytest.fixture
def trunk(ragged):
    """A trunk whose batch normalisation has statistics of its own."""
    trunk = ConvolutionalLSTMTrunk(channels=(8, 12), units=8, embedding_dim=4)
    trunk.compile("adam", "mse")
    trunk.fit(ragged, np.zeros((64, 4)), epochs=2, verbose=0)
    return trunk


def test_batch_and_alone(trunk, ragged):
    together = ops.convert_to_numpy(trunk(ragged))
    for item in range(0, 64, 32):
        length = ragged["lengths"][item]
        alone = ops.convert_to_numpy(trunk(ragged["features"][item : item + 1, :length]))
        np.testing.assert_allclose(alone[0], together[item], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)


def test_padding_does_not_reach_the_statistics(ragged):
    dirty = {**ragged, "features": ragged["features"].copy()}
    for features, length in zip(dirty["features"], dirty["lengths"], strict=True):
        features[length:] = 1e3
    trunk = ConvolutionalLSTMTrunk(channels=(8, 12), units=8, embedding_dim=4)
    clean = ops.convert_to_numpy(trunk(ragged, training=True))
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(dirty, training=True)), clean, atol=1e-5)


def test_saved(trunk, ragged, tmp_path):
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(ragged, verbose=0), trunk.predict(ragged, verbose=0), atol=1e-6)


def test_shapes_without_values():
    trunk = ConvolutionalLSTMTrunk(channels=(8,), units=8, embedding_dim=4)
    inputs = {"features": keras.KerasTensor((None, None, 10)), "lengths": keras.KerasTensor((None,), "int32")}
    assert trunk(inputs).shape == (None, 4)
    assert trunk.embedding_dim == 4


def test_errors():
    with pytest.raises(ValueError, match=r"`channels` must name the filters.*Use `LSTMTrunk`"):
        ConvolutionalLSTMTrunk(channels=())
    with pytest.raises(ValueError, match=r"`strides` must be positive. Received: strides=0."):
        ConvolutionalLSTMTrunk(strides=0)
