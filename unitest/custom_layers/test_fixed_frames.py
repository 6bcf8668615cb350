import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import FixedFrames, LogMel


@pytest.fixture
def waveforms():
    return np.random.default_rng(0).normal(0, 0.1, (3, 8_000)).astype("float32")


@pytest.mark.parametrize("num_frames", [30, 51, 64])
def test_each_feature_is_relative_to_its_mean_over_the_real_frames(waveforms, num_frames):
    front_end, lengths = LogMel(num_mels=20), np.array([8_000, 3_200, 4_000], "int32")
    layer = FixedFrames(front_end, num_frames, scale=2.0)
    outputs = ops.convert_to_numpy(layer(waveforms, lengths))
    assert outputs.shape == (3, num_frames, 20)
    for row, length in enumerate(lengths):
        alone = ops.convert_to_numpy(front_end(waveforms[row : row + 1, :length]))[0]
        expected = ((alone - alone.mean(axis=0)) / 2.0)[:num_frames]
        # The last frames of a padded recording see what stands behind it: those of its inside are compared.
        inside = min(len(expected), int(front_end.output_lengths(length)) - 3)
        np.testing.assert_allclose(outputs[row, :inside], expected[:inside], atol=0.05)
        assert not outputs[row, int(layer.output_lengths(length)) :].any()


def test_a_functional_network_and_a_saved_one(waveforms, tmp_path):
    inputs = keras.Input((8_000,))
    model = keras.Model(inputs, FixedFrames(LogMel(num_mels=20, top_db=40.0), 64)(inputs))
    assert model.output_shape == (None, 64, 20)
    model.save(tmp_path / "frames.keras")
    again = keras.saving.load_model(tmp_path / "frames.keras")
    np.testing.assert_allclose(again.predict(waveforms, verbose=0), model.predict(waveforms, verbose=0), atol=1e-5)


def test_another_level_makes_no_difference(waveforms):
    layer = FixedFrames(LogMel(num_mels=20, floor=1e-10), 64)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(waveforms)), ops.convert_to_numpy(layer(0.5 * waveforms)), atol=1e-3
    )


@pytest.mark.parametrize("arguments", [{"num_frames": 0}, {"num_frames": 8, "scale": 0.0}])
def test_bad_sizes(arguments):
    with pytest.raises(ValueError, match="must be positive"):
        FixedFrames(LogMel(), **arguments)
