"""The convolutions of VGG16: names, shapes, freezing, saving, errors. Parity is tested with `ImageMap`."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import VGGTrunk

CHANNELS = (2, 3, 4, 5, 6)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(3, 35, 64, 3)).astype("float32")


def test_names_of_torchvision():
    names = [weight.names[0] for weight in VGGTrunk(CHANNELS).torch_weights() if weight.names[0].endswith("weight")]
    assert names == [f"features.{index}.weight" for index in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)]


def test_number_of_parameters():
    assert VGGTrunk().count_params() == 138_357_544 - 123_642_856  # torchvision's less its classifier


def test_shapes_and_batches(images):
    trunk = VGGTrunk(CHANNELS)
    maps = ops.convert_to_numpy(trunk(images))
    assert maps.shape == trunk.compute_output_shape(images.shape) == (3, 2, 4, 6)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(images[1:2]))[0], maps[1], atol=1e-5)


@pytest.mark.parametrize("trainable", [True, False])
def test_saved_and_frozen(images, tmp_path, trainable):
    trunk = VGGTrunk(CHANNELS, trainable=trainable)
    assert len(trunk.trainable_variables) == 26 * trainable
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(images, verbose=0), trunk.predict(images, verbose=0), atol=1e-6)


@pytest.mark.parametrize("channels", [(), (1, 2, 3, 4), (1, 2, 3, 4, 0)])
def test_errors(channels):
    with pytest.raises(ValueError, match=r"`channels` must be five positive numbers. Received: channels="):
        VGGTrunk(channels)
