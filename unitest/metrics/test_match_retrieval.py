"""Retrieval between two sets: golden values, plain loops, ties, labels."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.metrics import match_median_rank, match_ranks, match_recall, match_report


def loop_outcomes(row, right):
    """Rank of the first right answer in every order that sorts the scores."""
    orders = (order for order in permutations(range(len(row))) if all(np.diff([row[i] for i in order]) <= 0))
    return [1 + min(place for place, i in enumerate(order) if right[i]) for order in orders]


def test_golden_values(golden):
    inputs, arrays, difference = golden("retrieval_recall")
    plain = inputs["base"] + 1.5 * np.eye(50)
    matrices = {"row_plain": plain, "col_plain": plain.T, "row_tied": arrays["tied"], "col_tied": arrays["tied"].T}
    tested = 0
    for name, scores in matrices.items():
        for ties in ("best", "mid", "worst"):
            recalls = np.array([match_recall(scores, k, ties=ties) for k in (1, 5, 10)])
            # Ranks of the files count from 0.
            for key, value in {"rank": match_ranks(scores, ties=ties) - 1, "recall": recalls}.items():
                if f"{name}.{key}_{ties}" in arrays:
                    assert difference(f"{name}.{key}_{ties}", value) < 1e-12
                    tested += 1
        assert difference(f"{name}.median_rank_mid", match_median_rank(scores)) == 0
    assert tested == 16


def test_golden_report(golden):
    inputs, _, difference = golden("retrieval_recall")
    report = match_report(inputs["base"] + 1.5 * np.eye(50), names=("image", "sound"))
    # The official code calls recalls of rows as queries A_, those of columns I_.
    ways = ("image_to_sound", "sound_to_image")
    recalls = [report[way][f"recall_at_{k}"] for way in ways for k in (1, 5, 10)]
    assert difference("official_topk", np.array(recalls)) < 1e-12
    rows = report["image_to_sound"]
    assert difference("official_cavmae", np.array([*recalls[:3], rows["median_rank"]])) < 1e-12
    assert report["mean"]["recall_at_10"] == pytest.approx((recalls[2] + recalls[5]) / 2)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 4), st.integers(2, 6), st.integers(0, 10_000))
def test_labels_and_ties_equal_all_orders(num_rows, num_columns, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (num_rows, num_columns)).astype(float)
    columns = rng.integers(0, 3, num_columns)
    rows = rng.choice(columns, num_rows)
    outcomes = [loop_outcomes(row, columns == label) for row, label in zip(scores, rows, strict=True)]
    for ties, pick in {"best": min, "mid": np.mean, "worst": max}.items():
        np.testing.assert_allclose(match_ranks(scores, rows, columns, ties), [pick(ranks) for ranks in outcomes])
    for k in range(1, num_columns + 2):
        within = [[rank <= k for rank in ranks] for ranks in outcomes]
        for ties, pick in {"best": max, "mid": np.mean, "worst": min}.items():
            want = np.mean([pick(hits) for hits in within])
            assert match_recall(scores, k, rows, columns, ties) == pytest.approx(want, abs=1e-12)


def test_equal_scores_get_the_share_of_guessing():
    for ties, share in {"best": 1.0, "mid": 5 / 40, "worst": 0.0}.items():
        assert match_recall(np.ones((40, 40)), 5, ties=ties) == pytest.approx(share)
    assert match_median_rank(np.ones((41, 41))) == 21
    labels = np.repeat(np.arange(10), 4)
    assert match_recall(np.zeros((40, 40)), 1, labels, labels) == pytest.approx(0.1)


def test_both_ways_of_a_matrix_that_is_not_square():
    rng = np.random.default_rng(0)
    rows, columns = np.array(["one", "two", "two"]), np.array(["two", "one", "one", "two", "two"])
    scores = rng.normal(size=(3, 5))
    report = match_report(scores, rows, columns, ks=(1, 100))
    assert report["row_to_column"] == {
        "recall_at_1": np.mean(columns[scores.argmax(axis=1)] == rows),
        "recall_at_100": 1.0,
        "median_rank": match_median_rank(scores, rows, columns),
    }
    assert report["column_to_row"]["recall_at_1"] == np.mean(rows[scores.argmax(axis=0)] == columns)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": np.ones((2, 3))}, r"must be square.* Received: shape \(2, 3\)\. Where several"),
        ({"scores": np.zeros((0, 2))}, r"Received: shape \(0, 2\)"),
        ({"scores": [[1.0, np.nan], [0, 0]]}, r"`scores` must be finite"),
        ({"scores": np.eye(2), "k": 0}, r"`k` must be positive. Received: k=0"),
        ({"scores": np.eye(2), "ties": "random"}, r"`ties` must be one of 'best', 'mid', 'worst'. Received: ties='ran"),
        ({"scores": np.eye(2), "labels": [0, 1]}, r"for rows and columns, or for neither"),
        ({"scores": np.eye(2), "labels": [0], "candidate_labels": [0, 1]}, r"labels of shapes \(1,\) and \(2,\)"),
        ({"scores": np.eye(2), "labels": ["a", "b"], "candidate_labels": ["a", "a"]}, r"Received: none of label b\."),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        match_recall(**arguments)
