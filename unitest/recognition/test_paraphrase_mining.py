"""Paraphrases against the full matrix of similarities."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.recognition import mine_paraphrases, similarity_matrix


def by_the_matrix(items, limit, least, top_k, similarity):
    scores = similarity_matrix(items, similarity=similarity)
    pairs = []
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            near = False
            for one, other in ((i, j), (j, i)):
                others = [place for place in np.argsort(-scores[one], kind="stable") if place != one]
                near = near or other in others[:top_k]
            if near and (least is None or scores[i, j] >= least):
                pairs.append((-scores[i, j], i, j))
    pairs = sorted(pairs)[:limit]
    return [[i, j] for _, i, j in pairs], [-score for score, _, _ in pairs]


def dot_of_integers(a, b):
    return (a[:, None] * b[None]).sum(axis=2)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(0, 25),
    st.integers(1, 60),
    st.sampled_from([None, 0.0, 0.5, 3.0]),
    st.integers(1, 30),
    st.integers(1, 9),
    st.booleans(),
)
def test_as_by_the_full_matrix(seed, num_items, limit, least, top_k, block_size, coarse):
    rng = np.random.default_rng(seed)
    # Integers have many ties, of which none is a matter of rounding.
    items = rng.integers(-2, 3, size=(num_items, 3)) if coarse else rng.normal(size=(num_items, 4))
    similarity = dot_of_integers if coarse else "cosine"
    pairs, scores = mine_paraphrases(items, limit, least, top_k, similarity, block_size)
    expected_pairs, expected_scores = by_the_matrix(items, limit, least, top_k, similarity)
    assert pairs.tolist() == expected_pairs
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-5, atol=1e-6)
    assert pairs.shape == (len(expected_pairs), 2)


def test_equal_texts_have_the_score_one_and_come_by_position():
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(40, 33)).astype(np.float32)
    items = texts[np.arange(120) % 40]
    for block_size in (7, 50, 1000):
        pairs, scores = mine_paraphrases(items, limit=120, block_size=block_size)
        expected = sorted([i, j] for i in range(120) for j in range(i + 1, 120) if i % 40 == j % 40)
        assert sorted(pairs.tolist()) == expected
        assert np.unique(pairs, axis=0).shape == (120, 2)
        np.testing.assert_allclose(scores, 1, atol=1e-6)
        for score in np.unique(scores):
            assert pairs[scores == score].tolist() == sorted(pairs[scores == score].tolist())


def test_one_item_near_to_all_does_not_fill_the_list():
    rng = np.random.default_rng(1)
    items = np.concatenate([np.ones((1, 40)), np.ones((30, 40)) + rng.normal(size=(30, 40))])
    few, _ = mine_paraphrases(items, top_k=1)
    every, _ = mine_paraphrases(items, top_k=100)
    assert len(every) == 31 * 30 / 2
    assert len(few) < 31


def test_memory_does_not_grow_with_the_square():
    items = np.random.default_rng(2).normal(size=(6_000, 8)).astype(np.float32)
    tracemalloc.start()
    mine_paraphrases(items, limit=1_000, top_k=10, block_size=256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000 * 6_000 * 4 / 5


@pytest.mark.parametrize("num_items", [0, 1])
def test_no_pairs(num_items):
    pairs, scores = mine_paraphrases(np.ones((num_items, 3)))
    assert pairs.shape == (0, 2)
    assert scores.shape == (0,)


@pytest.mark.parametrize("name", ["limit", "top_k", "block_size"])
def test_wrong_arguments(name):
    with pytest.raises(ValueError, match=rf"`{name}` must be positive. Received: {name}=0"):
        mine_paraphrases(np.eye(3), **{name: 0})
    with pytest.raises(ValueError, match=r"`embeddings` must be a matrix"):
        mine_paraphrases(np.ones(3))
