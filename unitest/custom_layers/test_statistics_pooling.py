import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.statistics_pooling import StatisticsPooling

LENGTHS = np.array([12, 5, 1, 0], "int32")


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    inputs = random.normal(size=(3, 12, 5)).astype("float32")
    check_layer(StatisticsPooling(), inputs, LENGTHS[:3], output_shape=(3, 10))


def test_values_are_mean_and_standard_deviation_of_the_real_frames(random):
    inputs = random.normal(2.0, 3.0, size=(4, 12, 5)).astype("float32")
    outputs = ops.convert_to_numpy(StatisticsPooling()(inputs, lengths=LENGTHS))
    for item, length, output in zip(inputs[:3], LENGTHS, outputs, strict=False):
        np.testing.assert_allclose(output[:5], item[:length].mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(output[5:], np.maximum(item[:length].std(axis=0), 1e-3), rtol=1e-4)
    np.testing.assert_allclose(outputs[3], [0.0] * 5 + [1e-3] * 5, rtol=1e-5)


def test_constant_channels_have_finite_gradients(gradients):
    (slope,) = gradients(lambda frames: ops.sum(StatisticsPooling()(frames)), np.ones((2, 6, 3), "float32"))
    assert np.isfinite(slope).all()


def test_many_frames_do_not_overflow_half_precision():
    frames = np.full((1, 3_000, 2), 50.0, "float16")
    outputs = ops.convert_to_numpy(StatisticsPooling(dtype="float16")(frames))
    np.testing.assert_allclose(outputs[0, :2], 50.0, rtol=1e-3)


def test_bad_epsilon_is_named():
    with pytest.raises(ValueError, match="epsilon=-1"):
        StatisticsPooling(epsilon=-1)
