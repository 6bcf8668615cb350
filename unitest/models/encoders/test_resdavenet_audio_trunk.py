"""ResDAVEnet's audio network: parity of both widths, ragged batches, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import ResDaveNetAudioTrunk
from comparators.models.encoders.resdavenet_audio_trunk import TORCH_UNUSED

LENGTHS = np.array([100, 61, 16, 1, 0], "int32")
PUBLISHED = {
    "resdavenet_audio": ((128, 256, 256, 512, 1024), 46_490_882),
    "resdavenet_audio_classdefault": ((128, 128, 256, 512, 1024), 44_670_978),
}


def tiny(**arguments) -> ResDaveNetAudioTrunk:
    trunk = ResDaveNetAudioTrunk(channels=(4, 4, 4, 4, 6), num_features=5, **arguments)
    rng = np.random.default_rng(1)
    trunk.set_weights([value + 0.1 * rng.uniform(size=value.shape) for value in trunk.get_weights()])
    return trunk


def heard(trunk, features, lengths=None, **arguments) -> np.ndarray:
    inputs = features if lengths is None else {"features": features, "lengths": lengths}
    return ops.convert_to_numpy(trunk(inputs, **arguments)["map"])


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(5, 100, 5)).astype("float32")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_network(name, golden):
    channels, count = PUBLISHED[name]
    case, trunk = golden(name), ResDaveNetAudioTrunk(channels)
    load_state(trunk, case.state, TORCH_UNUSED)
    spectrograms = case.inputs["spectrogram"].transpose(0, 2, 1)
    frames = ops.relu(trunk.stem(spectrograms))
    assert case.difference("stem", ops.convert_to_numpy(frames)) < 3e-5
    for index, block in enumerate(trunk.blocks):
        frames = block(frames)
        if index % 2:
            assert case.difference(f"layer{index // 2 + 1}", ops.convert_to_numpy(frames)) < 3e-5
    assert case.difference("output", heard(trunk, spectrograms)) < 3e-5
    unused = 2  # parameters of the batch normalisation that the official class makes and never calls
    assert sum(int(np.prod(variable.shape)) for variable in trunk.trainable_variables) + unused == count
    for layer in trunk._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 1e-3
    assert case.difference("output", heard(trunk, spectrograms)) > 1e-4, "a wrong epsilon must be seen"


def test_unused_entries_are_named(golden):
    with pytest.raises(ValueError, match=r"Unexpected: batchnorm1.bias, batchnorm1.running_mean"):
        load_state(ResDaveNetAudioTrunk(), golden("resdavenet_audio").state)


@pytest.mark.parametrize(("frames", "steps"), [(1000, 63), (333, 21), (16, 1), (1, 1)])
def test_lengths_of_maps(frames, steps):
    outputs = tiny()(np.zeros((1, frames, 5), "float32"))
    assert tuple(outputs["map"].shape) == (1, steps, 6)
    assert ops.convert_to_numpy(outputs["lengths"]).tolist() == [max(1, frames // 16)]


def test_masked_batch_and_alone(features):
    trunk = tiny(masked=True)
    together = heard(trunk, features, LENGTHS)
    assert np.isfinite(together).all()
    for item, length in zip(features, LENGTHS, strict=True):
        item[length:] = 1e3
    spoilt = heard(trunk, features, LENGTHS)
    for item, length in enumerate(LENGTHS[:-1]):
        alone = heard(trunk, features[item : item + 1, :length])[0]
        np.testing.assert_allclose(together[item, : len(alone)], alone, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(spoilt[item, : len(alone)], alone, rtol=1e-5, atol=1e-5)


def test_padding_does_not_reach_masked_statistics(features):
    trunk = tiny(masked=True)
    clean = heard(trunk, features, LENGTHS, training=True)
    for item, length in zip(features, LENGTHS, strict=True):
        item[length:] = 1e3
    dirty = heard(trunk, features, LENGTHS, training=True)
    for item, length in enumerate(np.maximum(LENGTHS // 16, 1)[:-1]):
        np.testing.assert_allclose(dirty[item, :length], clean[item, :length], atol=1e-4)


def test_saved(features, tmp_path):
    trunk = tiny(masked=True)
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(heard(loaded, features, LENGTHS), heard(trunk, features, LENGTHS), atol=1e-6)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`channels` must be five positive numbers of filters"):
        ResDaveNetAudioTrunk(channels=(8, 8))
    with pytest.raises(ValueError, match=r"`num_features` must be positive. Received: num_features=0"):
        ResDaveNetAudioTrunk(num_features=0)
