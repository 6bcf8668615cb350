"""Augmentation, front end and trunk of images in one model."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ImageTrunk, PixelEncoder


def tiny(augmentation=(), image_shape=(12, 12, 1)):
    trunk = ImageTrunk(channels=(4, 6), embedding_dim=5)
    return PixelEncoder(keras.layers.Rescaling(1 / 127.5, offset=-1), trunk, image_shape, augmentation)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 12, 12, 1)).astype("uint8")


def test_is_built_and_takes_pixels(images):
    encoder = tiny()
    assert encoder.built
    assert encoder.embedding_dim == 5
    of_bytes, of_floats = encoder(images), encoder(images.astype("float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(of_bytes), ops.convert_to_numpy(of_floats), atol=1e-6)
    rescaled = encoder.trunk(images.astype("float32") / 127.5 - 1)
    np.testing.assert_allclose(ops.convert_to_numpy(of_bytes), ops.convert_to_numpy(rescaled), atol=1e-5)


@pytest.mark.parametrize(("pooling", "shape"), [("average", (None, 5)), ("none", (None, 6, 6, 5))])
def test_a_functional_network_knows_its_shape(images, pooling, shape):
    trunk = ImageTrunk(channels=(4, 6), embedding_dim=5, pooling=pooling)
    encoder = PixelEncoder(keras.layers.Rescaling(1 / 127.5, offset=-1), trunk, (12, 12, 1))
    outputs = encoder(keras.Input((12, 12, 1), dtype="uint8"))
    assert tuple(outputs.shape) == shape
    assert tuple(encoder(images).shape)[1:] == shape[1:]


def test_augments_in_training_only(images):
    encoder = tiny([keras.layers.RandomRotation(0.5, fill_mode="constant", seed=0)])
    frozen = keras.layers.BatchNormalization
    for layer in encoder.trunk.blocks:
        for part in layer._layers:
            if isinstance(part, frozen):
                part.trainable = False
    plain = ops.convert_to_numpy(encoder(images))
    np.testing.assert_array_equal(ops.convert_to_numpy(encoder(images)), plain)
    assert np.abs(ops.convert_to_numpy(encoder(images, training=True)) - plain).max() > 1e-3


def test_saved(images, tmp_path):
    encoder = tiny([keras.layers.RandomFlip("horizontal", seed=3)])
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert [type(layer) for layer in loaded.augmentation] == [keras.layers.RandomFlip]
    assert loaded.image_shape == (12, 12, 1)
    np.testing.assert_allclose(loaded.predict(images, verbose=0), encoder.predict(images, verbose=0), atol=1e-6)


def test_any_model_is_a_trunk(images):
    trunk = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)])
    encoder = PixelEncoder(keras.layers.Rescaling(1 / 255), trunk, (12, 12, 1))
    assert encoder.embedding_dim == 3
    assert tuple(encoder(images).shape) == (6, 3)


def test_images_of_another_size_are_refused(images):
    with pytest.raises(ValueError, match=r"Images must be \(12, 12, 1\).*Received: \(10, 12, 1\). `embed` brings"):
        tiny()(images[:, :10])


@pytest.mark.parametrize("image_shape", [(12, 12), (12, 12, 2), (0, 12, 3)])
def test_errors(image_shape):
    with pytest.raises(ValueError, match=r"`image_shape` must be \(height, width, channels\) with 1 or 3 channels"):
        tiny(image_shape=image_shape)
