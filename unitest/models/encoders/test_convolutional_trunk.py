"""The default trunk: padding, one frame, training, fixed normalisation, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import SpecAugment
from comparators.models.encoders import ConvolutionalTrunk

TINY = {"embedding_dim": 4, "channels": 8, "num_features": 10, "num_heads": 2, "attention_units": 4}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def ragged(rng):
    return {"features": rng.normal(size=(64, 50, 10)).astype("float32"), "lengths": rng.integers(1, 51, 64)}


def test_batch_and_alone(ragged):
    trunk = ConvolutionalTrunk(**TINY)
    together = ops.convert_to_numpy(trunk(ragged))
    assert together.shape == (64, 4)
    for item in range(0, 64, 30):
        length = ragged["lengths"][item]
        ragged["features"][item, length:] = 100.0
        alone = ops.convert_to_numpy(trunk(ragged["features"][item : item + 1, :length]))
        np.testing.assert_allclose(alone[0], together[item], atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(ragged)), together, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)


def test_padding_in_training(ragged):
    trunk = ConvolutionalTrunk(**TINY, dropout=0.0)
    trunk.build(None)
    weights = trunk.get_weights()
    outputs = []
    for spoilt in (0.0, 100.0):
        trunk.set_weights(weights)
        features = ragged["features"].copy()
        for item, length in zip(features, ragged["lengths"], strict=True):
            item[length:] = spoilt
        outputs.append(ops.convert_to_numpy(trunk(ragged | {"features": features}, training=True)))
    np.testing.assert_allclose(*outputs, atol=1e-5)


def test_saved_and_trained(ragged, tmp_path):
    trunk = ConvolutionalTrunk(**TINY, augmentation=SpecAugment(max_frequency_bins=3, seed=1), name="ears")
    trunk.compile(optimizer="adam", loss="mse")
    targets = np.zeros((64, 4), "float32")
    history = trunk.fit(ragged, targets, batch_size=64, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.augmentation.seed == 1
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(ragged)), ops.convert_to_numpy(trunk(ragged)), atol=1e-6)


def test_adapted_normalization_stays(ragged):
    frames = 3.0 + 2.0 * ragged["features"].reshape(-1, 10)
    trunk = ConvolutionalTrunk(**TINY)
    trunk.adapt(frames)
    statistics = trunk.input_normalization.normalization
    for _ in range(2):
        np.testing.assert_allclose(ops.convert_to_numpy(statistics.moving_mean), frames.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(ops.convert_to_numpy(statistics.moving_variance), frames.var(axis=0), rtol=1e-4)
        trunk(ragged, training=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 0}, "`channels` must be positive. Received: channels=0."),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1. Received: dropout=1.0."),
    ],
)
def test_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvolutionalTrunk(**arguments)
