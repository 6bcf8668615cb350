import numpy as np
from keras import ops

from comparators.custom_layers.sequence_mask import fixed_length, sequence_mask, zero_padding


def test_mask_is_true_within_each_length():
    mask = ops.convert_to_numpy(sequence_mask(np.array([0, 2, 3, 9]), 3))
    assert mask.tolist() == [[False] * 3, [True, True, False], [True] * 3, [True] * 3]


def test_padding_becomes_zero_even_if_it_is_not_a_number(random):
    inputs = random.normal(size=(2, 4, 3)).astype("float32")
    inputs[0, 1:] = np.nan
    outputs = ops.convert_to_numpy(zero_padding(inputs, np.array([1, 4])))
    assert (outputs[0, 1:] == 0).all()
    np.testing.assert_array_equal(outputs[1], inputs[1])
    np.testing.assert_array_equal(outputs[0, 0], inputs[0, 0])


def test_no_lengths_change_nothing():
    inputs = np.ones((2, 3), "float32")
    assert zero_padding(inputs, None) is inputs


def test_frames_are_cut_or_added_at_the_end(random):
    frames = random.normal(size=(2, 4, 3)).astype("float32")
    longer, shorter = (ops.convert_to_numpy(fixed_length(frames, count, -2.0)) for count in (6, 3))
    np.testing.assert_array_equal(longer[:, :4], frames)
    assert longer.shape == (2, 6, 3)
    assert (longer[:, 4:] == -2.0).all()
    np.testing.assert_array_equal(shorter, frames[:, :3])
