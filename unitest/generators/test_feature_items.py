"""Features of several crops: one of each item, at random."""

import numpy as np
import pytest

from comparators.generators import FeatureItems

FEATURES = np.arange(4 * 3 * 2, dtype="float32").reshape(4, 3, 2)


def test_one_crop_of_each():
    items = FeatureItems(FEATURES)
    assert len(items) == 4
    indices = np.tile([3, 0], 100)
    batch = items.take(indices, np.random.default_rng(0))
    assert batch.shape == (200, 2)
    crops = (batch[:, 0] / 2).astype(int) - 3 * indices
    assert {int(crop) for crop in crops} == {0, 1, 2}
    np.testing.assert_array_equal(batch, FEATURES[indices, crops])
    assert np.bincount(crops).min() > 40


def test_the_same_draws_are_the_same_crops():
    items = FeatureItems(FEATURES)
    first, second = (items.take(np.arange(4), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_maps():
    assert FeatureItems(np.zeros((2, 3, 4, 4, 5))).take(np.array([1]), np.random.default_rng(0)).shape == (1, 4, 4, 5)


@pytest.mark.parametrize("shape", [(3, 2), (0, 3, 2), (3, 0, 2)])
def test_errors(shape):
    with pytest.raises(ValueError, match=r"`features` must be `\(n, crops, ...\)` .* Received: shape \("):
        FeatureItems(np.zeros(shape))
