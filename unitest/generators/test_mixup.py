"""Mixed items and smoothed targets against plain loops."""

import numpy as np
import pytest

from comparators.generators import mix_inputs, soft_targets

SHARE = np.array([1.0, 0.3, 0.75])


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def targets_by_hand(target, other, share, smoothing):
    """The rule of the published recipe, label by label."""
    row = [smoothing / len(target) for _ in target]
    if share == 1:
        for label in np.flatnonzero(target):
            row[label] = 1 - smoothing
        return row
    for label in np.flatnonzero(target):
        row[label] += share * (1 - smoothing)
    for label in np.flatnonzero(other):
        row[label] += (1 - share) * (1 - smoothing)
    return row


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_targets_follow_the_rule(random, smoothing):
    targets, others = random.integers(2, size=(2, 3, 8))
    expected = [targets_by_hand(*row, smoothing) for row in zip(targets, others, SHARE, strict=True)]
    mixed = soft_targets(targets, smoothing, others, SHARE)
    np.testing.assert_allclose(mixed, expected, rtol=1e-6)
    assert mixed.dtype == np.float32
    plain = [targets_by_hand(row, row, 1, smoothing) for row in targets]
    np.testing.assert_allclose(soft_targets(targets, smoothing), plain, rtol=1e-6)


def test_one_label_of_two_items_keeps_its_weight():
    both = np.array([[1, 0]])
    np.testing.assert_allclose(soft_targets(both, 0.0, both, np.array([0.3])), [[1, 0]])


def test_waveforms_lose_their_mean_and_the_second_is_cut(random):
    lengths, others = np.array([6, 4, 5]), np.array([6, 6, 3])
    first, second = (np.zeros((3, 6), np.float32) for _ in range(2))
    for row in range(3):
        first[row, : lengths[row]] = random.normal(1.0, size=lengths[row])
        second[row, : others[row]] = random.normal(-2.0, size=others[row])
    mixed = mix_inputs({"waveforms": first, "lengths": lengths}, {"waveforms": second, "lengths": others}, SHARE)
    np.testing.assert_array_equal(mixed["lengths"], lengths)
    np.testing.assert_array_equal(mixed["waveforms"][0], first[0])
    for row in (1, 2):
        one, two = first[row, : lengths[row]], second[row, : others[row]]
        two = np.resize(np.append(two - two.mean(), np.zeros(6)), lengths[row])
        expected = SHARE[row] * (one - one.mean()) + (1 - SHARE[row]) * two
        np.testing.assert_allclose(mixed["waveforms"][row, : lengths[row]], expected, atol=1e-6)
        assert not mixed["waveforms"][row, lengths[row] :].any()


def test_pictures_stay_bytes(random):
    first, second = random.integers(0, 256, (2, 3, 4, 5, 3)).astype(np.uint8)
    mixed = mix_inputs(first, second, SHARE)
    assert mixed.dtype == np.uint8
    share = SHARE[:, None, None, None]
    np.testing.assert_allclose(mixed, share * first + (1 - share) * second, atol=0.501)
    np.testing.assert_array_equal(mixed[0], first[0])


def test_nothing_is_copied_where_nothing_is_mixed(random):
    first = random.normal(size=(3, 2))
    assert mix_inputs(first, first, np.ones(3)) is first
