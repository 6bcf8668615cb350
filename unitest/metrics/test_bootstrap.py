"""The bootstrap over labels: it covers, it is seeded, it counts as it says."""

import numpy as np
import pytest

from comparators.metrics import equal_error_rate, equal_error_rate_interval, pair_scores


def clouds(num_labels=12, items=5, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_labels), items)
    return rng.normal(size=(num_labels, 8))[labels] + spread * rng.normal(size=(len(labels), 8)), labels


def test_interval_holds_the_estimate_and_narrows_with_labels():
    few, many = clouds(8), clouds(64)
    widths = []
    for case in (few, many):
        low, high = equal_error_rate_interval(*case, num_draws=200)
        assert low < equal_error_rate(*pair_scores(*case)) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 1.5


def test_interval_is_seeded():
    case = clouds()
    assert equal_error_rate_interval(*case, num_draws=20, seed=1) == equal_error_rate_interval(
        *case, num_draws=20, seed=1
    )
    assert equal_error_rate_interval(*case, num_draws=20, seed=1) != equal_error_rate_interval(
        *case, num_draws=20, seed=2
    )


def test_one_draw_equals_the_pairs_written_out():
    x, labels = clouds(6, 4, 1.5)
    drawn = np.random.default_rng(5).integers(6, size=6)
    scores, same = [], []
    for a, first in enumerate(drawn):
        items = np.flatnonzero(labels == first)
        scores += [x[i] @ x[j] for i in items for j in items if i < j]
        same += [True] * 6
        for second in drawn[a + 1 :]:
            if second != first:
                scores += [x[i] @ x[j] for i in items for j in np.flatnonzero(labels == second)]
                same += [False] * 16
    low, high = equal_error_rate_interval(x, labels, num_draws=1, similarity="dot", seed=5)
    assert low == high == pytest.approx(equal_error_rate(np.float32(scores), same), abs=1e-9)


def test_a_score_matrix_gives_the_same():
    x, labels = clouds()
    assert equal_error_rate_interval(x @ x.T, labels, 30, similarity="precomputed") == pytest.approx(
        equal_error_rate_interval(x, labels, 30, similarity="dot"), abs=1e-6
    )


def test_two_labels_and_lonely_items_are_enough():
    low, high = equal_error_rate_interval(np.eye(4)[[0, 0, 1, 2]], ["a", "a", "b", "c"], num_draws=30)
    assert (low, high) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_draws": 0}, "`num_draws` must be positive. Received: num_draws=0"),
        ({"confidence": 1.0}, "`confidence` must lie between 0 and 1. Received: confidence=1.0"),
        ({"labels": np.arange(60)}, "Received: 0 and 1770"),
    ],
)
def test_bad_input(settings, message):
    x, labels = clouds()
    with pytest.raises(ValueError, match=message):
        equal_error_rate_interval(**{"embeddings": x, "labels": labels, **settings})
