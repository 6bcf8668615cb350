"""Trials: scores of pairs, each of the same label (target) or of two (non-target)."""

import numpy as np
from numpy.typing import ArrayLike


def check_trials(scores: ArrayLike, same: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Returns the scores and flags of trials as arrays, or says what is wrong with them.

    Args:
        scores: similarity of each pair `(n,)`, higher for the same label.
        same: True (or 1) where both items of the pair have the same label `(n,)`.

    Returns:
        scores: `(n,)`, float32 stays float32, all else becomes float64.
        same: `(n,)` bool.

    Raises:
        ValueError: if there are NaN scores, flags other than 0 and 1, two lengths, or only one kind of trial.

    Example:
        >>> check_trials([1, 2], [0, 1])
        (array([1., 2.]), array([False,  True]))
    """
    scores, same = np.asarray(scores), np.asarray(same)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise ValueError(
            "`scores` and `same` must be two one-dimensional arrays of one length. "
            f"Received: shapes {scores.shape} and {same.shape}. For embeddings see `pair_scores`."
        )
    if scores.dtype != np.float32:
        scores = scores.astype(np.float64)
    bad = np.isnan(scores)
    if bad.any():
        raise ValueError(
            f"`scores` must hold no NaN. Received: {bad.sum()} of {scores.size}, the first at index {bad.argmax()}. "
            "Look at the embeddings behind it."
        )
    if same.dtype != bool:
        if not np.isin(same, (0, 1)).all():
            raise ValueError(f"`same` must be True or False for each pair. Received: values {np.unique(same)[:5]}.")
        same = same.astype(bool)
    if not 0 < np.count_nonzero(same) < same.size:
        raise ValueError(
            "`same` must hold pairs of the same label and pairs of different labels. "
            f"Received: {np.count_nonzero(same)} and {same.size - np.count_nonzero(same)}. "
            "Add items until there are two labels, and two items of one."
        )
    return scores, same


def count_rejected(scores: ArrayLike, same: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts the trials below each threshold, by sorting.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.

    Returns:
        thresholds: all distinct scores in ascending order, then plus infinity `(m + 1,)`.
        targets: number of targets with a score below each threshold `(m + 1,)`.
        nontargets: number of non-targets below each threshold `(m + 1,)`.

    Raises:
        ValueError: see `check_trials`.

    Example:
        >>> thresholds, targets, nontargets = count_rejected([0.1, 0.7, 0.7], [False, False, True])
        >>> targets.tolist(), nontargets.tolist()
        ([0, 0, 1], [0, 1, 2])
    """
    scores, same = check_trials(scores, same)
    # Several sorts are faster than one argsort.
    distinct = np.unique(scores)
    targets, nontargets = (
        np.append(np.searchsorted(np.sort(scores[kind]), distinct), np.count_nonzero(kind)) for kind in (same, ~same)
    )
    return np.append(distinct, distinct.dtype.type(np.inf)), targets, nontargets
