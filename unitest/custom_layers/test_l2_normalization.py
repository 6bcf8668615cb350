import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.l2_normalization import L2Normalization


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    vectors = random.normal(size=(5, 7)).astype("float32")
    outputs = check_layer(L2Normalization(), vectors, output_shape=(5, 7))
    for vector, output in zip(vectors, outputs, strict=True):
        np.testing.assert_allclose(output, vector / np.sqrt((vector**2).sum()), rtol=1e-6)


def test_only_the_last_axis_is_normalized(random):
    outputs = ops.convert_to_numpy(L2Normalization()(random.normal(size=(2, 3, 4)).astype("float32")))
    np.testing.assert_allclose((outputs**2).sum(-1), 1.0, rtol=1e-6)


def test_large_half_precision_values_do_not_overflow():
    outputs = ops.convert_to_numpy(L2Normalization(dtype="float16")(np.full((1, 4), 1e4, "float16")))
    np.testing.assert_allclose(outputs, 0.5, rtol=1e-3)


def test_zero_stays_zero_with_a_finite_gradient(gradients):
    zeros = np.zeros((1, 4), "float32")
    assert (ops.convert_to_numpy(L2Normalization()(zeros)) == 0).all()
    (slope,) = gradients(lambda vectors: ops.sum(L2Normalization()(vectors)), zeros)
    assert np.isfinite(slope).all()


def test_bad_epsilon_is_named():
    with pytest.raises(ValueError, match=r"`epsilon` must be positive. Received: epsilon=0"):
        L2Normalization(epsilon=0)
