"""MelCNN: parity in both modes, ragged batches, the shortest sound, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import ZeroShotMel
from comparators.models.convert import load_state
from comparators.models.encoders import MelCNNTrunk, WaveformEncoder

LENGTHS = np.array([188, 126, 63, 10, 0], "int32")


def tiny(**arguments) -> MelCNNTrunk:
    trunk = MelCNNTrunk(channels=(4, 4, 4, 6), **arguments)
    rng = np.random.default_rng(1)
    trunk.set_weights([value + 0.1 * rng.uniform(size=value.shape) for value in trunk.get_weights()])
    return trunk


def embeddings(trunk, features, lengths=None, **arguments) -> np.ndarray:
    inputs = features if lengths is None else {"features": features, "lengths": lengths}
    return ops.convert_to_numpy(trunk(inputs, **arguments))


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(5, 188, 80)).astype("float32")


def test_published_network(golden):
    case, trunk = golden("melcnn"), MelCNNTrunk()
    load_state(trunk, case.state)
    shortest, clip = case.inputs["mel_63"][:, 0], case.inputs["mel_188"][:, 0]
    assert case.difference("output_63", embeddings(trunk, shortest)) < 3e-5
    assert case.difference("output_188", embeddings(trunk, clip)) < 3e-5
    planes = trunk.input_normalization(clip[..., None])
    for index in range(4):
        planes = trunk._block(index, planes, None, None)
        assert case.difference(f"layer{index + 1}_188", ops.convert_to_numpy(planes)) < 3e-5
    assert sum(int(np.prod(variable.shape)) for variable in trunk.trainable_variables) == 370_562
    for layer in (trunk.input_normalization, *trunk.normalizations):
        layer.normalization.epsilon = 1e-3
    assert case.difference("output_188", embeddings(trunk, clip)) > 1e-4, "a wrong epsilon must be seen"


@pytest.mark.parametrize("masked", [False, True])
def test_published_training_step(golden, masked):
    """The running variance that PyTorch keeps is the unbiased one: its step is n / (n - 1) of ours."""
    case, trunk = golden("melcnn_train_mode"), MelCNNTrunk(masked=masked)
    load_state(trunk, case.state)
    mels = case.inputs["mel"][:, 0]
    lengths = np.full(4, 126, "int32") if masked else None
    assert case.difference("output", embeddings(trunk, mels, lengths, training=True)) < 3e-5
    counts = [4 * frames * bands for frames, bands in [(126, 80), (126, 80), (126, 40), (42, 10), (6, 2)]]
    names = ["spec_bn", *(f"layer{index}.bn" for index in range(1, 5))]
    for name, layer, n in zip(names, [trunk.input_normalization, *trunk.normalizations], counts, strict=True):
        state = layer.normalization
        assert case.difference(f"{name}.running_mean", ops.convert_to_numpy(state.moving_mean)) < 3e-5
        kept = 0.9 * case.state[f"{name}.running_var"]
        unbiased = kept + (ops.convert_to_numpy(state.moving_variance) - kept) * n / (n - 1)
        assert case.difference(f"{name}.running_var", unbiased) < 3e-5


def test_masked_batch_and_alone(features):
    trunk = tiny(masked=True)
    together = embeddings(trunk, features, LENGTHS)
    for item, length in enumerate(LENGTHS):
        clip = features[item : item + 1, :length]
        clip = np.pad(clip, ((0, 0), (0, max(0, 63 - length)), (0, 0)))
        np.testing.assert_allclose(together[item], embeddings(trunk, clip)[0], atol=1e-5)


def test_padding_does_not_reach_masked_statistics(features):
    trunk = tiny(masked=True)
    clean = embeddings(trunk, features, LENGTHS, training=True)
    for item, length in zip(features, LENGTHS, strict=True):
        item[length:] = 1e3
    np.testing.assert_allclose(embeddings(trunk, features, LENGTHS, training=True), clean, atol=1e-4)


def test_as_published_the_lengths_change_nothing(features):
    trunk = tiny()
    np.testing.assert_array_equal(embeddings(trunk, features, LENGTHS), embeddings(trunk, features))


def test_shortest_sound(features):
    trunk = tiny()
    assert embeddings(trunk, features[:1, :63]).shape == (1, 6)
    message = r"at least 63 frames \(0.99 s .*\); pad shorter ones. Received: 62 frames \(0.98 s\)"
    with pytest.raises(ValueError, match=message):
        trunk(features[:, :62])


def test_encoder_of_waveforms(tmp_path):
    """Masked, a clip has the same embedding alone and in a longer batch, in a saved model too."""
    encoder = WaveformEncoder(ZeroShotMel(), tiny(masked=True))
    waveforms = (0.1 * np.random.default_rng(0).normal(size=(2, 30_000))).astype("float32")
    inputs = {"waveforms": waveforms, "lengths": np.array([30_000, 17_000], "int32")}
    together = ops.convert_to_numpy(encoder(inputs))
    np.testing.assert_allclose(ops.convert_to_numpy(encoder(waveforms[1:, :17_000])), together[1:], atol=1e-5)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(inputs)), together, atol=1e-6)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`channels` must be four positive numbers of filters"):
        MelCNNTrunk(channels=(8,))
    with pytest.raises(ValueError, match=r"`num_features` must be at least 80. Received: num_features=40"):
        MelCNNTrunk(num_features=40)
    with pytest.raises(ValueError, match=r"the bands last. Received: shape=\(2, 188, 40\)"):
        tiny()(np.zeros((2, 188, 40), "float32"))
