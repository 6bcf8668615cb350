"""DAVEnet's audio network: parity, the traps of its padding, ragged batches, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import DaveNetMel
from comparators.models.convert import load_state
from comparators.models.encoders import DaveNetAudioTrunk, WaveformEncoder, davenet_audio_trunk
from comparators.models.encoders.davenet_audio_trunk import max_pool_over_time

LENGTHS = np.array([100, 61, 33, 16, 1, 0], "int32")


def tiny(**arguments) -> DaveNetAudioTrunk:
    trunk = DaveNetAudioTrunk(embedding_dim=6, num_features=5, channels=(4, 4, 4, 4), **arguments)
    rng = np.random.default_rng(1)
    trunk.set_weights([value + 0.1 * rng.uniform(size=value.shape) for value in trunk.get_weights()])
    return trunk


def heard(trunk, features, lengths=None, **arguments) -> tuple[np.ndarray, np.ndarray]:
    inputs = features if lengths is None else {"features": features, "lengths": lengths}
    outputs = trunk(inputs, **arguments)
    return ops.convert_to_numpy(outputs["map"]), ops.convert_to_numpy(outputs["lengths"])


@pytest.fixture
def features(random):
    return random.normal(size=(6, 100, 5)).astype("float32")


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def case(golden):
    return golden("davenet_audio")


@pytest.fixture
def published(case):
    trunk = DaveNetAudioTrunk()
    load_state(trunk, case.state)
    return trunk


def difference(case, trunk, frames: int) -> float:
    spectrograms = case.inputs[f"spectrogram_{frames}"].transpose(0, 2, 1)
    return case.difference(f"output_{frames}", heard(trunk, spectrograms)[0])


def test_published_network(published, case):
    assert difference(case, published, 128) < 3e-5
    assert difference(case, published, 1000) < 3e-5
    assert sum(int(np.prod(variable.shape)) for variable in published.trainable_variables) == 15_965_570


def test_parity_tells_keras_padding(published, case, monkeypatch):
    def padded_by_keras(frames, size, lengths=None):
        return ops.max_pool(frames, size, strides=2, padding="same")

    monkeypatch.setattr(davenet_audio_trunk, "max_pool_over_time", padded_by_keras)
    assert difference(case, published, 128) > 1e-2


def test_parity_tells_epsilon(published, case):
    published.input_normalization.normalization.epsilon = 1e-3
    assert difference(case, published, 128) > 1e-4


@pytest.mark.parametrize(("frames", "steps"), [(1024, 64), (2048, 128), (1000, 63), (100, 7), (16, 1), (1, 1)])
def test_lengths_of_maps(frames, steps):
    maps, lengths = heard(tiny(), np.zeros((1, frames, 5), "float32"))
    assert maps.shape == (1, steps, 6)
    assert lengths.tolist() == [max(1, frames // 16)]


def test_a_sound_without_frames_keeps_one_of_the_map(features):
    for masked in (False, True):
        maps, lengths = heard(tiny(masked=masked), features, LENGTHS)
        assert lengths.tolist() == [6, 3, 2, 1, 1, 1]
        assert np.isfinite(maps).all()


def test_masked_batch_and_alone(features):
    trunk = tiny(masked=True)
    together, _ = heard(trunk, features, LENGTHS)
    dirty = features.copy()
    for item, length in zip(dirty, LENGTHS, strict=True):
        item[length:] = 1e3
    spoilt, _ = heard(trunk, dirty, LENGTHS)
    for item, length in enumerate(LENGTHS[:-1]):
        alone, _ = heard(trunk, features[item : item + 1, :length])
        np.testing.assert_allclose(together[item, : alone.shape[1]], alone[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(spoilt[item, : alone.shape[1]], alone[0], rtol=1e-5, atol=1e-5)


def test_published_network_hears_the_padding(features):
    """As published, the value of the padding reaches the valid part of the map."""
    trunk = tiny()
    maps, _ = heard(trunk, features, LENGTHS)
    features[1, 61:] = 5.0
    changed, lengths = heard(trunk, features, LENGTHS)
    assert np.abs(changed - maps)[1, : lengths[1]].max() > 1e-2


def test_padding_does_not_reach_masked_statistics(features):
    trunk = tiny(masked=True)
    clean, lengths = heard(trunk, features, LENGTHS, training=True)
    for item, length in zip(features, LENGTHS, strict=True):
        item[length:] = 1e3
    dirty, _ = heard(trunk, features, LENGTHS, training=True)
    for item, length in enumerate(lengths):
        np.testing.assert_allclose(dirty[item, :length], clean[item, :length], rtol=1e-5, atol=1e-5)


def test_pooling_is_over_the_frame_before_and_the_frame_after(random):
    frames = random.uniform(size=(2, 7, 3)).astype("float32")
    pooled = ops.convert_to_numpy(max_pool_over_time(frames, 3))
    expected = [frames[:, max(0, 2 * step - 1) : 2 * step + 2].max(axis=1) for step in range(4)]
    np.testing.assert_array_equal(pooled, np.stack(expected, axis=1))


def test_saved_and_loaded_in_a_new_process(features, tmp_path, fresh_python):
    trunk = tiny(masked=True)
    expected, _ = heard(trunk, features, LENGTHS)
    trunk.save(tmp_path / "network.keras")
    np.savez(tmp_path / "sounds.npz", features=features, lengths=LENGTHS, expected=expected)
    program = f"""
import keras, numpy as np, comparators.models.encoders.davenet_audio_trunk
trunk = keras.saving.load_model({str(tmp_path / "network.keras")!r})
sounds = np.load({str(tmp_path / "sounds.npz")!r})
outputs = trunk({{"features": sounds["features"], "lengths": sounds["lengths"]}})
print(np.abs(keras.ops.convert_to_numpy(outputs["map"]) - sounds["expected"]).max() < 1e-6)
"""
    assert fresh_python(program).split()[-1] == "True"


def test_symbolic_call_and_any_length(features):
    inputs = {
        "features": keras.Input((None, 5), name="features"),
        "lengths": keras.Input((), dtype="int32", name="lengths"),
    }
    trunk = tiny(masked=True)
    model = keras.Model(inputs, trunk(inputs))
    assert model.output["map"].shape[-1] == 6
    outputs = model.predict({"features": features[:, :50], "lengths": np.minimum(LENGTHS, 50)}, verbose=0)
    expected, _ = heard(trunk, features[:, :50], np.minimum(LENGTHS, 50))
    np.testing.assert_allclose(outputs["map"], expected, atol=1e-5)
    assert outputs["lengths"].dtype == "int32"


def test_half_precision(features):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        maps, _ = heard(tiny(masked=True), features, LENGTHS)
        assert maps.dtype == "float32"
        assert np.isfinite(maps).all()
    finally:
        keras.config.set_dtype_policy("float32")


def test_arguments_that_make_no_sense():
    with pytest.raises(
        ValueError, match=r"`channels` must be four positive numbers of filters. Received: channels=\(8,"
    ):
        DaveNetAudioTrunk(channels=(8, 8))
    with pytest.raises(ValueError, match=r"`embedding_dim` must be positive. Received: embedding_dim=0"):
        DaveNetAudioTrunk(embedding_dim=0)


def test_features_that_do_not_fit():
    with pytest.raises(
        ValueError, match=r"must be `\(batch, frames, 5\)`, the bands last. Received: shape=\(2, 5, 100\)"
    ):
        tiny()(np.zeros((2, 5, 100), "float32"))
    with pytest.raises(
        ValueError, match=r"at least 1 frames of features; pad shorter ones. Received: shape=\(2, 0, 5\)"
    ):
        tiny()(np.zeros((2, 0, 5), "float32"))


def test_another_checkpoint(case):
    state = {**case.state, "conv5.weight": np.zeros((4, 4, 1, 17)), "extra": np.zeros(1)}
    del state["conv1.bias"]
    with pytest.raises(ValueError, match=r"Missing: conv1.bias. Unexpected: extra. Of another shape: conv5.weight"):
        load_state(DaveNetAudioTrunk(), state)


@pytest.mark.parametrize("target_length", [None, 64])
def test_encoder_of_waveforms(target_length, random, tmp_path):
    """Masked, a caption has the same map alone and in a longer batch, in a saved model too."""
    trunk = DaveNetAudioTrunk(embedding_dim=6, channels=(4, 4, 4, 4), masked=True)
    encoder = WaveformEncoder(DaveNetMel(target_length), trunk)
    lengths = np.array([9_000, 5_000, 100, 0], "int32")
    inputs = {"waveforms": (0.1 * random.normal(size=(4, 9_000))).astype("float32"), "lengths": lengths}
    together = encoder(inputs)
    assert ops.convert_to_numpy(together["lengths"]).tolist() == [3, 2, 1, 1]
    maps = ops.convert_to_numpy(together["map"])
    assert np.isfinite(maps).all()
    for item, length in enumerate(lengths):
        alone = ops.convert_to_numpy(encoder(inputs["waveforms"][item : item + 1, :length])["map"])[0]
        num_steps = max(1, (1 + length // 160) // 16)
        np.testing.assert_allclose(alone[:num_steps], maps[item, :num_steps], rtol=1e-4, atol=1e-4)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(inputs)["map"]), maps, atol=1e-5)
