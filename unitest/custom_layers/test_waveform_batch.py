import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.waveform_batch import valid_waveforms, whole_windows


def test_samples_past_the_length_are_silent_whatever_stands_there():
    waveforms = np.array([[0.5, np.nan, np.inf], [0.1, 0.2, 0.3]], "float32")
    found = ops.convert_to_numpy(valid_waveforms(waveforms, np.array([1, 3], "int32")))
    np.testing.assert_array_equal(found, np.array([[0.5, 0.0, 0.0], [0.1, 0.2, 0.3]], "float32"))


@pytest.mark.parametrize("shape", [(5,), (2, 5, 1)])
def test_waveforms_are_a_batch(shape):
    with pytest.raises(ValueError, match=r"Waveforms must be `\(batch, samples\)`.*Received: shape="):
        valid_waveforms(np.zeros(shape, "float32"), None)


def test_windows_lie_within_and_are_one_at_least():
    lengths = [0, 1, 399, 400, 559, 560, 16_000]
    expected = [max(1, len(range(0, length - 400 + 1, 160))) for length in lengths]
    assert [whole_windows(length, 400, 160) for length in lengths] == expected
    assert ops.convert_to_numpy(whole_windows(ops.convert_to_tensor(lengths), 400, 160)).tolist() == expected
    assert isinstance(whole_windows(400, 400, 160), int)
