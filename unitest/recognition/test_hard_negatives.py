"""Hard negatives against plain loops over all candidates."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.recognition import mine_hard_negatives, similarity_matrix


def loops(anchors, positives, candidates=None, count=1, skip=0, margin=None, maximum=None, labels=None, others=None):
    """The same by sorting all candidates of each anchor."""
    are_positives = candidates is None
    candidates = positives if are_positives else candidates
    others = labels if others is None else others
    found = []
    for row, anchor in enumerate(anchors):
        scores = similarity_matrix(anchor[None], candidates)[0]
        own = similarity_matrix(anchor[None], positives[row : row + 1])[0, 0]
        kept = []
        for position in np.argsort(-scores, kind="stable"):
            item = candidates[position] / np.linalg.norm(candidates[position])
            same = any(
                np.allclose(item, other / np.linalg.norm(other), atol=1e-6) for other in (anchor, positives[row])
            )
            wrong = (
                same
                or (are_positives and position == row)
                or (margin is not None and scores[position] > own - margin)
                or (maximum is not None and scores[position] > maximum)
                or (labels is not None and labels[row] == others[position])
            )
            if not wrong:
                kept.append(position)
        kept = kept[skip : skip + count]
        found.append(kept + [-1] * (count - len(kept)))
    return np.array(found)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(1, 30),
    st.integers(1, 5),
    st.integers(0, 3),
    st.sampled_from([None, 0.0, 0.3]),
    st.sampled_from([None, 0.2]),
    st.integers(1, 9),
    st.booleans(),
)
def test_as_by_loops(seed, num_anchors, num_candidates, count, skip, margin, maximum, block_size, with_labels):
    rng = np.random.default_rng(seed)
    anchors = rng.normal(size=(num_anchors, 6))
    positives = anchors + rng.normal(size=(num_anchors, 6))
    candidates = rng.normal(size=(num_candidates, 6))
    # Some candidates are answers or questions, listed again (each once: equal ones differ in rounding).
    again = rng.permutation(np.concatenate([anchors, positives]))[: (num_candidates + 2) // 3]
    candidates[: 3 * len(again) : 3] = again
    labels, others = (rng.integers(0, 4, size=size) for size in (num_anchors, num_candidates))
    bounds = {"skip_most_similar": skip, "margin": margin, "maximum_score": maximum, "block_size": block_size}
    given_labels = {"labels": labels, "candidate_labels": others} if with_labels else {}
    found = mine_hard_negatives(anchors, positives, candidates, count, **bounds, **given_labels)
    expected = loops(anchors, positives, candidates, count, skip, margin, maximum, *([labels, others] * with_labels))
    np.testing.assert_array_equal(found, expected)
    found = mine_hard_negatives(anchors, positives, None, count, **bounds, labels=labels if with_labels else None)
    expected = loops(anchors, positives, None, count, skip, margin, maximum, labels if with_labels else None)
    np.testing.assert_array_equal(found, expected)


def test_own_positives_and_their_copies_never_come():
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(20, 8)).astype(np.float32)
    positives = np.concatenate([texts, texts]) * rng.uniform(0.5, 2, size=(40, 1)).astype(np.float32)
    anchors = positives + 0.1 * rng.normal(size=positives.shape).astype(np.float32)
    noisy = positives * (1 + 1e-7 * rng.normal(size=positives.shape)).astype(np.float32)
    for candidates in (None, noisy):
        negatives = mine_hard_negatives(anchors, positives, candidates, num_negatives=39)
        for row, found in enumerate(negatives):
            assert row % 20 not in found[found >= 0] % 20
            assert np.count_nonzero(found >= 0) == 38


def test_sampling_is_seeded_and_within_the_range():
    rng = np.random.default_rng(1)
    anchors, positives = rng.normal(size=(2, 50, 5))
    best = mine_hard_negatives(anchors, positives, num_negatives=10, skip_most_similar=2)
    draws = [
        mine_hard_negatives(anchors, positives, num_negatives=3, skip_most_similar=2, sample_from=10, seed=seed)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()
    for row, allowed in zip(draws[0], best, strict=True):
        assert len(set(row)) == 3
        assert set(row) <= set(allowed)
    counts = np.zeros(10)
    for seed in range(40):
        found = mine_hard_negatives(anchors, positives, num_negatives=3, skip_most_similar=2, sample_from=10, seed=seed)
        counts += (best[:, :, None] == found[:, None]).sum(axis=(0, 2))
    np.testing.assert_allclose(counts / counts.sum(), 0.1, atol=0.02)


def test_too_few_left_are_marked_last_when_sampled_too():
    anchors = np.eye(3)
    found = mine_hard_negatives(anchors, anchors + 0.1, num_negatives=4, sample_from=6)
    assert (np.sort(found, axis=1)[:, :2] == -1).all()
    assert (found[:, 2:] == -1).all()
    assert (found[:, :2] >= 0).all()


@pytest.mark.parametrize("similarity", ["dot", "euclidean", lambda a, b: -np.abs(a[:, None] - b[None]).sum(axis=2)])
def test_other_similarities(similarity):
    rng = np.random.default_rng(2)
    anchors, positives, candidates = 5 * rng.normal(size=(7, 4)), 5 * rng.normal(size=(7, 4)), rng.normal(size=(9, 4))
    candidates[3] = positives[2]
    scores = similarity_matrix(anchors, candidates, similarity)
    scores[2, 3] = -np.inf
    found = mine_hard_negatives(anchors, positives, candidates, 4, similarity=similarity, block_size=3)
    np.testing.assert_array_equal(found, np.argsort(-scores, axis=1, kind="stable")[:, :4])


def test_memory_does_not_grow_with_the_square():
    rng = np.random.default_rng(3)
    anchors, positives = rng.normal(size=(2, 6_000, 8)).astype(np.float32)
    tracemalloc.start()
    mine_hard_negatives(anchors, positives, block_size=256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000 * 6_000 * 4 / 10


def test_nothing_to_choose_from():
    assert mine_hard_negatives(np.eye(2)[:1], np.eye(2)[:1], num_negatives=2).tolist() == [[-1, -1]]
    assert mine_hard_negatives(np.eye(2), np.eye(2), np.empty((0, 2))).tolist() == [[-1], [-1]]
    assert mine_hard_negatives(np.empty((0, 2)), np.empty((0, 2)), np.eye(2)).shape == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_negatives": 0}, "`num_negatives` must be at least 1. Received: num_negatives=0"),
        ({"skip_most_similar": -1}, "`skip_most_similar` must be at least 0. Received: skip_most_similar=-1"),
        ({"num_negatives": 2, "sample_from": 1}, "`sample_from` must be at least 2. Received: sample_from=1"),
        ({"block_size": 0}, "`block_size` must be at least 1"),
        ({"positives": np.eye(2)}, r"one positive for each anchor, .* Received: shapes \(3, 3\) and \(2, 2\)"),
        ({"candidates": np.eye(2)}, "must have one dimension"),
        ({"candidate_labels": [1, 2, 3]}, "for anchors and candidates, or for neither. Received: `candidate_labels`"),
        ({"candidates": np.eye(3), "labels": [1, 2, 3]}, "or for neither. Received: `labels` alone"),
        ({"labels": [1, 2]}, "one for each of the 3 items"),
        ({"labels": [1, 2, 3], "candidate_labels": ["1", "2", "3"]}, "must be both strings or both numbers"),
        ({"similarity": "cosinus"}, "`similarity` must be"),
        ({"anchors": np.zeros((3, 3))}, "A row of `anchors` that is all zeros"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        mine_hard_negatives(**{"anchors": np.eye(3), "positives": np.eye(3)} | arguments)
