import numpy as np
import pytest

from comparators.losses import BarlowTwins


def test_value_is_that_of_plain_loops(random, value, precision):
    views = random.normal(size=(8, 2, 5)).astype(precision[0])
    a, b = views[:, 0], views[:, 1]
    expected = 0.0
    for i in range(5):
        for j in range(5):
            covariance = np.mean((a[:, i] - a[:, i].mean()) * (b[:, j] - b[:, j].mean()))
            correlation = covariance / np.sqrt((a[:, i].var() + 1e-5) * (b[:, j].var() + 1e-5))
            expected += (1 - correlation) ** 2 if i == j else 0.01 * correlation**2
    assert value(BarlowTwins(0.01, dtype=precision[0]), np.zeros(8), views) == pytest.approx(expected, rel=precision[1])


def test_views_may_have_any_offset_and_scale(random, value):
    views = random.normal(size=(16, 2, 3)).astype("float32")
    moved = views * np.array([2.0, 5.0, 9.0], "float32") + 3.0
    assert value(BarlowTwins(), np.zeros(16), moved) == pytest.approx(
        value(BarlowTwins(), np.zeros(16), views), rel=1e-3
    )


@pytest.mark.parametrize("num_rows", [1, 4])
def test_equal_items_do_not_correlate(gradients, num_rows):
    loss = BarlowTwins()
    (slope,) = gradients(lambda views: loss(np.zeros(num_rows), views), np.ones((num_rows, 2, 3), "float32"))
    assert float(loss(np.zeros(num_rows), np.ones((num_rows, 2, 3)))) == 3.0
    assert np.isfinite(slope).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"redundancy_weight=0"):
        BarlowTwins(redundancy_weight=0)
    with pytest.raises(ValueError, match=r"BarlowTwins needs embeddings \(batch, 2, dim\)"):
        BarlowTwins()(np.zeros(4), np.zeros((4, 3)))
