import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.waveform_frames import WaveformFrames


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    waveforms = (0.1 * random.normal(size=(4, 800))).astype("float32")
    lengths = np.array([800, 431, 16, 0], "int32")
    outputs = check_layer(WaveformFrames(), waveforms, lengths, output_shape=(4, 51, 16))
    assert outputs.dtype == "float32"


@pytest.mark.parametrize("samples", [0, 1, 9, 10, 11, 25])
def test_all_samples_are_there_and_zeros_behind_them(samples, random):
    waveform = random.normal(size=(1, samples)).astype("float32")
    frames = ops.convert_to_numpy(WaveformFrames(hop_length=10)(waveform))
    assert frames.shape == (1, 1 + samples // 10, 10)
    np.testing.assert_array_equal(frames.reshape(-1)[:samples], waveform[0])
    assert not frames.reshape(-1)[samples:].any()


@pytest.mark.parametrize("argument", ["sample_rate", "hop_length"])
def test_sizes(argument):
    with pytest.raises(ValueError, match=rf"`{argument}` must be positive. Received: {argument}=0."):
        WaveformFrames(**{argument: 0})
