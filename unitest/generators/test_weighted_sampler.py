"""Items drawn by weight, with replacement."""

import numpy as np
import pytest

from comparators.generators import WeightedSampler, balanced_weights


def test_weights_are_those_of_the_loop():
    targets = (np.random.default_rng(0).random((30, 5)) < 0.3).astype(int)
    expected = []
    for row in targets:
        weight = 0.0
        for label in np.flatnonzero(row):
            weight += 1000 / (sum(other[label] for other in targets) + 0.01)
        expected.append(weight)
    np.testing.assert_allclose(balanced_weights(targets), expected)


def test_labels_come_equally_often():
    targets = np.zeros((1000, 3))
    targets[np.arange(1000), np.repeat([0, 1, 2], [900, 90, 10])] = 1
    sampler = WeightedSampler(balanced_weights(targets), batch_size=100, seed=1)
    drawn = np.concatenate([sampler.batch(epoch, index) for epoch in range(20) for index in range(10)])
    np.testing.assert_allclose(targets[drawn].mean(axis=0), 1 / 3, atol=0.02)
    assert len(np.unique(sampler.draw(0))) < 1000, "with replacement"
    np.testing.assert_array_equal(sampler.draw(3), WeightedSampler(balanced_weights(targets), 50, seed=1).draw(3))
    assert not np.array_equal(sampler.draw(0), sampler.draw(1))


@pytest.mark.parametrize("weights", [[1.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [[1.0]]])
def test_what_is_no_weight_is_refused(weights):
    with pytest.raises(ValueError, match="`weights` must be"):
        WeightedSampler(weights, 1)


def test_targets_must_be_of_classes():
    with pytest.raises(ValueError, match=r"`targets` must be `\(n, classes\)`. Received: shape \(3,\)"):
        balanced_weights([1, 0, 1])
