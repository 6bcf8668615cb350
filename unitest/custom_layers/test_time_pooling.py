import numpy as np
from keras import ops

from comparators.custom_layers.time_pooling import max_over_time, mean_over_time


def test_padding_is_left_out(random):
    frames, lengths = random.normal(size=(3, 6, 2)).astype("float32"), np.array([6, 4, 1], "int32")
    for item, length in zip(frames, lengths, strict=True):
        item[length:] = 1e3
    means = ops.convert_to_numpy(mean_over_time(frames, lengths))
    largest = ops.convert_to_numpy(max_over_time(frames, lengths))
    for item, length in enumerate(lengths):
        np.testing.assert_allclose(means[item], frames[item, :length].mean(axis=0), atol=1e-6)
        np.testing.assert_array_equal(largest[item], frames[item, :length].max(axis=0))


def test_without_lengths_all_frames_count(random):
    frames = random.normal(size=(3, 6, 2)).astype("float32")
    np.testing.assert_allclose(ops.convert_to_numpy(mean_over_time(frames)), frames.mean(axis=1), atol=1e-6)
    np.testing.assert_array_equal(ops.convert_to_numpy(max_over_time(frames)), frames.max(axis=1))


def test_an_item_without_frames_has_a_finite_mean():
    np.testing.assert_array_equal(ops.convert_to_numpy(mean_over_time(np.ones((1, 3, 2), "float32"), np.array([0]))), 0)
