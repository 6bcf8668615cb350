import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.attentive_statistics_pooling import AttentiveStatisticsPooling

LENGTHS = np.array([12, 5, 1], "int32")


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    inputs = random.normal(size=(3, 12, 5)).astype("float32")
    check_layer(AttentiveStatisticsPooling(8), inputs, LENGTHS, output_shape=(3, 10))


def test_values_are_those_of_plain_loops(random):
    inputs = random.normal(size=(3, 12, 5)).astype("float32")
    layer = AttentiveStatisticsPooling(8)
    outputs = ops.convert_to_numpy(layer(inputs, lengths=LENGTHS))
    frame_kernel, frame_bias = map(ops.convert_to_numpy, layer.frame_scoring.weights)
    (context_kernel,) = map(ops.convert_to_numpy, layer.context_scoring.weights)
    kernel, bias = map(ops.convert_to_numpy, layer.scores.weights)
    for item, length, output in zip(inputs, LENGTHS, outputs, strict=True):
        frames = item[:length]
        context = np.concatenate([frames.mean(axis=0), np.maximum(frames.std(axis=0), 1e-3)])
        scores = np.stack(
            [np.tanh(frame @ frame_kernel + frame_bias + context @ context_kernel) @ kernel + bias for frame in frames]
        )
        weights = np.exp(scores) / np.exp(scores).sum(axis=0)
        mean = (weights * frames).sum(axis=0)
        variance = (weights * (frames - mean) ** 2).sum(axis=0)
        expected = np.concatenate([mean, np.sqrt(np.maximum(variance, 1e-6))])
        np.testing.assert_allclose(output, expected, atol=1e-5)


def test_constant_and_empty_items_have_finite_gradients(gradients):
    layer = AttentiveStatisticsPooling(8)
    frames = np.ones((2, 6, 3), "float32")
    layer(frames)
    (slope,) = gradients(lambda inputs: ops.sum(layer(inputs, lengths=np.array([6, 0]))), frames)
    assert np.isfinite(slope).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="attention_units=0"):
        AttentiveStatisticsPooling(0)
    with pytest.raises(ValueError, match="epsilon=0"):
        AttentiveStatisticsPooling(epsilon=0)
