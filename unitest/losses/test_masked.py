import numpy as np
import pytest
from keras import ops

from comparators.losses.masked import ABSENT, count, masked_logsumexp, masked_max, masked_min, masked_sum

VALUES = np.array([[1.0, -2.0, 5.0], [1.0, -2.0, 5.0]], "float32")
MASK = np.array([[True, True, False], [False, False, False]])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (masked_logsumexp, [np.log(np.exp(1) + np.exp(-2)), -ABSENT]),
        (masked_max, [1.0, -ABSENT]),
        (masked_min, [-2.0, ABSENT]),
        (masked_sum, [-1.0, 0.0]),
    ],
)
def test_only_what_the_mask_keeps_counts(function, expected, gradients):
    mask = ops.convert_to_tensor(MASK)
    np.testing.assert_allclose(ops.convert_to_numpy(function(ops.convert_to_tensor(VALUES), mask)), expected, rtol=1e-6)
    (slope,) = gradients(lambda values: ops.sum(function(values, mask)[:1]), VALUES)
    assert np.isfinite(slope).all()
    assert (slope[~MASK] == 0).all()


def test_count():
    assert ops.convert_to_numpy(count(ops.convert_to_tensor(MASK), "float32")).tolist() == [2.0, 0.0]
