import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.masked_conv1d import MaskedConv1D

LENGTHS = np.array([23, 9, 1], "int32")


@pytest.mark.parametrize(
    ("arguments", "frames"),
    [
        ({"kernel_size": 5}, 23),
        ({"kernel_size": 3, "dilation_rate": 3, "activation": "relu", "kernel_regularizer": "l2"}, 23),
        ({"kernel_size": 5, "strides": 2}, 12),
        ({"kernel_size": 4, "strides": 3, "use_bias": False}, 8),
        ({"kernel_size": 1, "groups": 2}, 23),
    ],
)
def test_layer_keeps_the_rules_of_layers(check_layer, random, arguments, frames):
    inputs = random.normal(size=(3, 23, 4)).astype("float32")
    check_layer(MaskedConv1D(6, **arguments), inputs, LENGTHS, output_shape=(3, frames, 6))


@pytest.mark.parametrize(("kernel_size", "strides", "dilation_rate"), [(3, 1, 1), (5, 2, 1), (3, 1, 4), (4, 3, 1)])
def test_values_are_those_of_plain_loops(random, kernel_size, strides, dilation_rate):
    inputs = random.normal(size=(2, 11, 3)).astype("float32")
    lengths = np.array([11, 6])
    layer = MaskedConv1D(4, kernel_size, strides=strides, dilation_rate=dilation_rate)
    outputs = ops.convert_to_numpy(layer(inputs, lengths=lengths))
    kernel = ops.convert_to_numpy(layer.convolution.kernel)
    bias = ops.convert_to_numpy(layer.convolution.bias)
    left = (kernel_size - 1) * dilation_rate // 2
    for item, length in enumerate(lengths):
        for frame in range(-(-int(length) // strides)):
            expected = bias.copy()
            for tap in range(kernel_size):
                place = frame * strides + tap * dilation_rate - left
                if 0 <= place < length:
                    expected += inputs[item, place] @ kernel[tap]
            np.testing.assert_allclose(outputs[item, frame], expected, atol=1e-5)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"`strides` must be positive. Received: strides=0"):
        MaskedConv1D(4, 3, strides=0)
    with pytest.raises(ValueError, match="filters"):
        MaskedConv1D(0, 3)
