"""The small trunk from sounds to maps."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import SpecAugment
from comparators.models.encoders import SoundMapTrunk


def numpy(outputs) -> dict[str, np.ndarray]:
    return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}


def test_a_sound_has_the_same_map_alone_and_beside_longer_ones():
    trunk = SoundMapTrunk(embedding_dim=4, channels=8, num_features=16)
    sounds = np.random.default_rng(0).normal(size=(2, 41, 16)).astype("float32")
    together = numpy(trunk({"features": sounds, "lengths": np.array([41, 18])}))
    alone = numpy(trunk({"features": sounds[1:, :18], "lengths": np.array([18])}))
    assert together["lengths"].tolist() == [11, 5]
    np.testing.assert_allclose(together["map"][1, :5], alone["map"][0, :5], atol=1e-5)
    whole = numpy(trunk(sounds[:1]))
    np.testing.assert_allclose(whole["map"], together["map"][:1], atol=1e-5)


def test_a_sound_without_frames_has_one_moment():
    trunk = SoundMapTrunk(embedding_dim=4, channels=8, num_features=16)
    outputs = numpy(trunk({"features": np.zeros((1, 8, 16), "float32"), "lengths": np.array([0])}))
    assert outputs["lengths"].tolist() == [1]
    assert np.isfinite(outputs["map"]).all()


def test_its_configuration_makes_the_same_trunk():
    trunk = SoundMapTrunk(8, 12, 20, 1, 3, 0.1, [SpecAugment(1, 4, 0.2)], name="moments")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(trunk))
    assert again.get_config() == trunk.get_config()
    again.set_weights(trunk.get_weights())
    sounds = np.ones((1, 12, 20), "float32")
    np.testing.assert_allclose(numpy(again(sounds))["map"], numpy(trunk(sounds))["map"])


def test_sizes_must_be_positive():
    with pytest.raises(ValueError, match="`channels` must be positive"):
        SoundMapTrunk(channels=0)
