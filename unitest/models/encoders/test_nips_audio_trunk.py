"""The audio network of NIPS 2016: parity, pooling, ragged batches, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import NipsAudioTrunk
from comparators.models.encoders.davenet_audio_trunk import max_pool_over_time

LENGTHS = np.array([100, 61, 16, 5], "int32")


def tiny(**arguments) -> NipsAudioTrunk:
    return NipsAudioTrunk(embedding_dim=6, num_features=5, channels=(4, 4), **arguments)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(4, 100, 5)).astype("float32")


def test_published_network(golden):
    case, trunk = golden("nips2016_audio"), NipsAudioTrunk()
    load_state(trunk, case.state)
    spectrograms = case.inputs["spectrogram"].transpose(0, 2, 1)
    first, second, third = trunk.convolutions
    pool1 = max_pool_over_time(first(spectrograms), 4)
    pool2 = max_pool_over_time(second(pool1), 4)
    assert case.difference("pool1", ops.convert_to_numpy(pool1)) < 3e-5
    assert case.difference("pool2", ops.convert_to_numpy(pool2)) < 3e-5
    assert case.difference("conv3", ops.convert_to_numpy(third(pool2))) < 3e-5
    embeddings = ops.convert_to_numpy(trunk(spectrograms))
    assert case.difference("output", embeddings) < 3e-5
    assert trunk.count_params() == 13_940_800
    alone = ops.convert_to_numpy(trunk(spectrograms[1:]))
    np.testing.assert_allclose(alone, embeddings[1:], atol=1e-6)


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_masked_batch_and_alone(features, pooling):
    trunk = tiny(masked=True, pooling=pooling)
    together = ops.convert_to_numpy(trunk({"features": features, "lengths": LENGTHS}))
    for item, length in enumerate(LENGTHS):
        alone = ops.convert_to_numpy(trunk(features[item : item + 1, :length]))
        np.testing.assert_allclose(together[item], alone[0], atol=1e-5)
    empty = trunk({"features": features, "lengths": np.zeros(4, "int32")})
    assert np.isfinite(ops.convert_to_numpy(empty)).all()


def test_published_network_pools_the_padding(features):
    trunk = tiny()
    together = ops.convert_to_numpy(trunk({"features": features, "lengths": LENGTHS}))
    np.testing.assert_allclose(together, ops.convert_to_numpy(trunk(features)))


def test_pooling_is_over_any_length(features):
    for frames in (4, 50, 100):
        assert tuple(tiny()(features[:, :frames]).shape) == (4, 6)


def test_saved(features, tmp_path):
    trunk = tiny(masked=True, pooling="mean")
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(features)), ops.convert_to_numpy(trunk(features)), atol=1e-6)


def test_arguments_that_make_no_sense(features):
    with pytest.raises(ValueError, match=r"`pooling` must be one of max, mean. Received: pooling='sum'"):
        tiny(pooling="sum")
    with pytest.raises(ValueError, match=r"`channels` must be two positive numbers of filters"):
        NipsAudioTrunk(channels=(8,))
    with pytest.raises(
        ValueError, match=r"at least 4 frames of features; pad shorter ones. Received: shape=\(4, 3, 5\)"
    ):
        tiny()(features[:, :3])
