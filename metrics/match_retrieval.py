"""Measures of retrieval between two sets, such as images and captions: each item asks for its match in the other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import as_embeddings

TIES = ("best", "mid", "worst")


def match_ranks(
    scores: ArrayLike, labels: ArrayLike | None = None, candidate_labels: ArrayLike | None = None, ties: str = "mid"
) -> np.ndarray:
    """Ranks, for each row, its right answer among the columns.

    Without labels, row i's right answer is column i. With labels, every column of the row's label is right, and the one
    with the highest score is ranked: wrong columns alone stand before it.

    Args:
        scores: of each row (query) with each column (candidate) `(n, m)`, higher for more alike. For the columns as
            queries, give the transposed matrix and change the labels.
        labels: label of each row `(n,)`, strings or integers. None for aligned pairs, `n == m`.
        candidate_labels: label of each column `(m,)`. None where `labels` is.
        ties: where wrong columns have the very score of the right one, "best" puts them after it, "worst" before it,
            and "mid" takes the mean rank over all orders, so that equal scores get the ranks of guessing.

    Returns:
        Ranks from 1, with fractions where tied `(n,)`.

    Raises:
        ValueError: a shape does not match, a score is not finite, or a row has no right answer.

    Example:
        >>> match_ranks([[0.9, 0.1], [0.8, 0.3]]).tolist()
        [1.0, 2.0]
        >>> match_ranks([[0.5, 0.5, 0.1]], ["dog"], ["cat", "dog", "dog"]).tolist()
        [1.5]
    """
    before, tied, right = _counts(scores, labels, candidate_labels, ties)
    # The first of `right` answers, in random order with `tied` others, has on average so many of these before it.
    return 1.0 + before + {"best": 0, "mid": tied / (right + 1), "worst": tied}[ties]


def match_recall(
    scores: ArrayLike,
    k: int = 1,
    labels: ArrayLike | None = None,
    candidate_labels: ArrayLike | None = None,
    ties: str = "mid",
) -> float:
    """Share of rows with a right answer among the first k columns (all of them where there are fewer).

    With labels and `k=1` this is the recall of classes: the first answer must be of the row's class.

    Args:
        scores: of each row with each column `(n, m)`.
        k: how many answers are looked at.
        labels: see `match_ranks`.
        candidate_labels: see `match_ranks`.
        ties: see `match_ranks`; "mid" is the expected share where ties are broken at random.

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: see `match_ranks`; or `k` is not positive.

    Example:
        >>> match_recall([[0.9, 0.1], [0.8, 0.3]]), match_recall([[0.9, 0.1], [0.8, 0.3]], k=10)
        (0.5, 1.0)
    """
    before, tied, right = _counts(scores, labels, candidate_labels, ties)
    return _recall(before, tied, right, k, ties)


def match_median_rank(
    scores: ArrayLike, labels: ArrayLike | None = None, candidate_labels: ArrayLike | None = None, ties: str = "mid"
) -> float:
    """Median of the ranks of the right answers, see `match_ranks`.

    Args:
        scores: of each row with each column `(n, m)`.
        labels: see `match_ranks`.
        candidate_labels: see `match_ranks`.
        ties: see `match_ranks`.

    Returns:
        The median, at least 1.

    Raises:
        ValueError: see `match_ranks`.

    Example:
        >>> match_median_rank([[0.9, 0.1], [0.8, 0.3]])
        1.5
    """
    return float(np.median(match_ranks(scores, labels, candidate_labels, ties)))


def match_report(
    scores: ArrayLike,
    row_labels: ArrayLike | None = None,
    column_labels: ArrayLike | None = None,
    ks: Sequence[int] = (1, 5, 10),
    ties: str = "mid",
    names: tuple[str, str] = ("row", "column"),
) -> dict[str, dict[str, float]]:
    """Measures retrieval both ways: rows ask for columns, and columns for rows.

    Args:
        scores: of each row with each column `(n, m)`, higher for more alike.
        row_labels: label of each row `(n,)`. None for aligned pairs: row i and column i belong together.
        column_labels: label of each column `(m,)`. None where `row_labels` is.
        ks: how many answers are looked at; as many as there are, where there are fewer.
        ties: see `match_ranks`.
        names: what a row and a column are, such as `("image", "sound")`.

    Returns:
        For "row_to_column", "column_to_row" and "mean" (of both ways), "recall_at_1", ... and "median_rank".

    Raises:
        ValueError: see `match_ranks`; or a value of `ks` is not positive.

    Example:
        >>> report = match_report([[0.9, 0.1], [0.8, 0.3]], names=("image", "sound"))
        >>> report["image_to_sound"]["recall_at_1"], report["sound_to_image"]["median_rank"]
        (0.5, 1.0)

    Reference:
        Harwath, Torralba and Glass, "Unsupervised learning of spoken language with visual context", NIPS 2016.
    """
    scores = as_embeddings(scores, "scores")
    row, column = names
    report = {
        f"{row}_to_{column}": _measures(scores, row_labels, column_labels, ks, ties),
        f"{column}_to_{row}": _measures(scores.T, column_labels, row_labels, ks, ties),
    }
    one, other = report.values()
    return {**report, "mean": {name: (one[name] + other[name]) / 2 for name in one}}


def _measures(scores, labels, candidate_labels, ks: Sequence[int], ties: str) -> dict[str, float]:
    before, tied, right = _counts(scores, labels, candidate_labels, ties)
    recalls = {f"recall_at_{k}": _recall(before, tied, right, k, ties) for k in ks}
    return {**recalls, "median_rank": match_median_rank(scores, labels, candidate_labels, ties)}


def _recall(before: np.ndarray, tied: np.ndarray, right: np.ndarray, k: int, ties: str) -> float:
    if k < 1:
        raise ValueError(f"`k` must be positive. Received: k={k}.")
    if ties != "mid":
        return float(np.mean(before + (tied if ties == "worst" else 0) < k))
    from scipy.special import gammaln

    # Of the places that ties share, `places` lie among the first k: binomials give the odds that no right one does.
    places = np.clip(k - before, 0, tied + right)
    possible = places <= tied
    wrong = np.where(possible, tied, 0)
    taken = np.where(possible, places, 0)
    log_odds = gammaln(wrong + 1) - gammaln(wrong - taken + 1)
    log_odds -= gammaln(wrong + right + 1) - gammaln(wrong + right - taken + 1)
    return float(np.mean(np.where(possible, -np.expm1(log_odds), 1.0)))


def _counts(
    scores: ArrayLike, labels: ArrayLike | None, candidate_labels: ArrayLike | None, ties: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row: wrong columns above its best right one, wrong ones tied with it, right ones tied with it and it."""
    scores = as_embeddings(scores, "scores")
    if ties not in TIES:
        raise ValueError(f"`ties` must be one of {', '.join(map(repr, TIES))}. Received: ties={ties!r}.")
    right = _right_answers(scores.shape, labels, candidate_labels)
    top = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    equal = scores == top
    counts = (scores > top) & ~right, equal & ~right, equal & right
    return tuple(np.count_nonzero(count, axis=1) for count in counts)


def _right_answers(shape: tuple[int, int], labels: ArrayLike | None, candidate_labels: ArrayLike | None) -> np.ndarray:
    if (labels is None) != (candidate_labels is None):
        raise ValueError("Labels must be given for rows and columns, or for neither. Received: labels of one of them.")
    if labels is None:
        if shape[0] != shape[1] or not shape[0]:
            raise ValueError(
                "`scores` of aligned pairs must be square, `(n, n)`, and not empty. "
                f"Received: shape {shape}. Where several rows or columns belong together, give labels of both."
            )
        return np.eye(shape[0], dtype=bool)
    labels, candidate_labels = np.asarray(labels), np.asarray(candidate_labels)
    if (*labels.shape, *candidate_labels.shape) != shape or not len(labels):
        raise ValueError(
            "There must be one label for each row and for each column of `scores`, and at least one of both. "
            f"Received: scores of shape {shape}, labels of shapes {labels.shape} and {candidate_labels.shape}."
        )
    right = labels[:, None] == candidate_labels
    if not right.any(axis=1).all():
        alone = np.unique(labels[~right.any(axis=1)])
        raise ValueError(
            "Each label that asks must be among the candidates. Received: none of label "
            f"{', '.join(map(str, alone[:5]))}{' ...' if len(alone) > 5 else ''}. Leave these items out."
        )
    return right
