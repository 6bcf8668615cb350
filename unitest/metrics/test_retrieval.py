"""Retrieval measures against golden references and plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.metrics import (
    map_at_r,
    mean_average_precision,
    mean_reciprocal_rank,
    median_rank,
    partner_ranks,
    precision_at_1,
    r_precision,
    recall_at_k,
)


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
def test_golden_values(golden, similarity):
    _, arrays, difference = golden("retrieval_and_clustering_metrics")
    items = arrays["embeddings"], arrays["truth"]
    recalls = [recall_at_k(*items, k, similarity) for k in (1, 2, 4, 8)]
    assert difference(f"{similarity}.recall_at_1_2_4_8", np.array(recalls)) < 1e-9
    assert precision_at_1(*items, similarity) == recalls[0]
    for name, measure in {
        "r_precision": r_precision,
        "map_at_r": map_at_r,
        "map": mean_average_precision,
        "mrr": mean_reciprocal_rank,
    }.items():
        assert difference(f"{similarity}.{name}", measure(*items, similarity)) < 1e-9


def loop_ranks(scores, labels):
    """(query, order, rank) with rank = order among partners + others greater + half of the others tied."""
    found = []
    for i in range(len(labels)):
        partners = sorted((scores[i, j] for j in range(len(labels)) if j != i and labels[j] == labels[i]), reverse=True)
        others = [scores[i, j] for j in range(len(labels)) if labels[j] != labels[i]]
        for order, value in enumerate(partners, 1):
            greater, tied = sum(o > value for o in others), sum(o == value for o in others)
            found.append((i, order, order + greater + tied / 2))
    return found


@settings(deadline=None)
@given(st.integers(2, 25), st.integers(0, 10_000), st.integers(1, 9))
def test_ranks_equal_plain_loops_with_ties(num_items, seed, block_size):
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(0, 6, (num_items, num_items)).astype(float), rng.integers(0, 4, num_items)
    labels[0] = labels[1]
    got = partner_ranks(scores, labels, "precomputed", block_size)
    np.testing.assert_array_equal(np.stack(got, axis=1), loop_ranks(scores, labels))


@settings(deadline=None)
@given(st.integers(3, 25), st.integers(0, 10_000))
def test_measures_keep_their_order_and_range(num_items, seed):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(num_items, 3)), rng.integers(0, 4, num_items)
    labels[0] = labels[1]
    assert 0 <= map_at_r(x, labels) <= r_precision(x, labels) <= 1
    recalls = [recall_at_k(x, labels, k) for k in range(1, num_items)]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1.0
    assert precision_at_1(x, labels) <= mean_reciprocal_rank(x, labels) <= 1
    assert precision_at_1(3 * x, labels) == precision_at_1(x, labels)


def test_one_point_for_everything_gets_the_rank_of_guessing():
    labels = np.repeat(np.arange(10), 2)
    x = np.ones((20, 4))
    assert median_rank(x, labels) == 1 + 18 / 2
    assert precision_at_1(x, labels) == 0.0


def test_one_point_for_each_label_is_perfect():
    labels = np.repeat(np.arange(10), 5)
    x = np.eye(10)[labels]
    for measure in (precision_at_1, r_precision, map_at_r, mean_average_precision, mean_reciprocal_rank, median_rank):
        assert measure(x, labels) == 1.0


def test_items_without_partner_do_not_ask_but_are_found():
    x, labels = [[1.0, 0.0], [0.9, 0.1], [1.0, 0.05]], ["a", "a", "b"]
    queries, _, ranks = partner_ranks(x, labels)
    assert queries.tolist() == [0, 1]
    assert ranks.tolist() == [2.0, 2.0]


def test_bad_input():
    x = np.eye(3)
    with pytest.raises(ValueError, match=r"must hold a label with two items. Received: 3 items of 3 labels"):
        median_rank(x, [0, 1, 2])
    with pytest.raises(ValueError, match=r"`k` must be positive. Received: k=0"):
        recall_at_k(x, [0, 0, 1], k=0)
    with pytest.raises(ValueError, match=r"the first is row 2"):
        r_precision([[1, 0], [0, 1], [np.inf, 0]], [0, 0, 1])
