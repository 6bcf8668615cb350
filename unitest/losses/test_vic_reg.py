import numpy as np
import pytest

from comparators.losses import VICReg


def test_value_is_that_of_plain_loops(random, value, precision):
    views = 0.6 * random.normal(size=(8, 2, 5)).astype(precision[0])
    expected = 3.0 * np.mean([(a - b) ** 2 for row in views for a, b in zip(*row, strict=True)])
    for view in (views[:, 0], views[:, 1]):
        expected += 2.0 * np.mean([max(0, 1 - np.sqrt(view[:, i].var(ddof=1) + 1e-4)) for i in range(5)])
        covariance = np.cov(view.T)
        expected += 0.5 * sum(covariance[i, j] ** 2 for i in range(5) for j in range(5) if i != j) / 5
    loss = VICReg(3.0, 2.0, 0.5, dtype=precision[0])
    assert value(loss, np.zeros(8), views) == pytest.approx(expected, rel=precision[1])


@pytest.mark.parametrize("num_rows", [1, 4])
def test_equal_items_do_not_vary(gradients, num_rows):
    loss = VICReg()
    (slope,) = gradients(lambda views: loss(np.zeros(num_rows), views), np.ones((num_rows, 2, 3), "float32"))
    assert float(loss(np.zeros(num_rows), np.ones((num_rows, 2, 3)))) == pytest.approx(2 * 25 * 0.99)
    assert np.isfinite(slope).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"variance_weight=0"):
        VICReg(variance_weight=0)
    with pytest.raises(ValueError, match=r"VICReg needs embeddings \(batch, 2, dim\)"):
        VICReg()(np.zeros(4), np.zeros((4, 3, 5)))
