"""The rebuilt audio network of ACL 2017: the mean of DAVEnet's map, ragged batches, saving."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import AclAudioTrunk, DaveNetAudioTrunk

LENGTHS = np.array([100, 61, 16, 5, 0], "int32")
SIZES = {"embedding_dim": 6, "num_features": 5, "channels": (4, 4, 4, 4)}


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(5, 100, 5)).astype("float32")


def test_it_is_the_mean_of_the_map(features):
    trunk, network = AclAudioTrunk(**SIZES), DaveNetAudioTrunk(**SIZES, normalize_input=False)
    network.set_weights(trunk.get_weights())
    mean = ops.convert_to_numpy(network(features)["map"]).mean(axis=1)
    expected = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(features)), expected, atol=1e-6)


def test_weights_have_the_names_of_davenet(golden):
    trunk = AclAudioTrunk()
    load_state(trunk, golden("davenet_audio").state, unused=("batchnorm1.",))
    assert trunk.count_params() == 15_965_570 - 2


def test_masked_batch_and_alone(features):
    trunk = AclAudioTrunk(**SIZES, masked=True)
    together = ops.convert_to_numpy(trunk({"features": features, "lengths": LENGTHS}))
    assert np.isfinite(together).all()
    for item, length in enumerate(LENGTHS[:-1]):
        alone = ops.convert_to_numpy(trunk(features[item : item + 1, :length]))
        np.testing.assert_allclose(together[item], alone[0], atol=1e-5)


def test_saved(features, tmp_path):
    trunk = AclAudioTrunk(**SIZES, masked=True)
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(features)), ops.convert_to_numpy(trunk(features)), atol=1e-6)
