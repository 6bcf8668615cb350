import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import Projection


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def identity(values):
    return values


@pytest.mark.parametrize("pre_activation", [None, "sigmoid"])
@pytest.mark.parametrize("post_activation", [None, "sigmoid"])
@pytest.mark.parametrize("normalize", [False, True])
def test_order_of_the_steps(pre_activation, post_activation, normalize, random):
    vectors = random.normal(size=(3, 5)).astype("float32")
    layer = Projection(4, pre_activation, post_activation, normalize)
    outputs = ops.convert_to_numpy(layer(vectors))
    kernel, bias = layer.get_weights()
    before, after = (sigmoid if name else identity for name in (pre_activation, post_activation))
    expected = after(before(vectors) @ kernel + bias)
    if normalize:
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    layer = Projection(4, pre_activation="relu", post_activation="sigmoid", normalize=True)
    check_layer(layer, random.normal(size=(3, 5)).astype("float32"), output_shape=(3, 4))


def test_units_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`units` must be positive. Received: units=0"):
        Projection(0)
