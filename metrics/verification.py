"""Measures of verification: are these two the same? Scores in, error rates and costs out."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py

from comparators.metrics.similarity import Similarity, check_items, similarity_blocks
from comparators.metrics.trials import check_trials, count_rejected


def pair_scores(
    embeddings: ArrayLike,
    labels: ArrayLike,
    similarity: Similarity = "cosine",
    block_size: int = 1024,
    groups: ArrayLike | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores all pairs of items, each pair once and no item with itself, by blocks.

    Args:
        embeddings: one row per item `(n, dim)`, or `(n, n)` similarities if `similarity="precomputed"`.
        labels: label of each item `(n,)`, strings or integers.
        similarity: "cosine"; "dot"; "euclidean"; a function from two matrices to their scores; "precomputed" (read
            above the diagonal).
        block_size: rows of the similarity matrix held at a time.
        groups: of each item `(n,)`, such as its corpus: only pairs within a group are scored, since two corpora are
            told apart by their channel and such pairs would be too easy. None scores all pairs.

    Returns:
        scores: similarity of the pairs i < j, row by row, float32: `(n * (n - 1) / 2,)` without groups.
        same: True where both items have the same label, same shape, bool.

    Raises:
        ValueError: if shapes do not match, a value is not finite, or `similarity` is unknown.

    Example:
        >>> scores, same = pair_scores([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0]], ["ann", "ann", "bob"])
        >>> scores.tolist(), same.tolist()
        ([1.0, 0.0, 0.0], [True, False, False])
    """
    embeddings, codes = check_items(embeddings, labels, similarity)
    groups = np.zeros(len(codes), np.int64) if groups is None else _codes(groups, len(codes))
    sizes = np.bincount(groups)
    scores = np.empty(int(np.sum(sizes * (sizes - 1)) // 2), np.float32)
    same = np.empty(scores.size, bool)
    filled = 0
    for start, stop, block in similarity_blocks(embeddings, similarity, block_size):
        pairs = np.arange(len(codes)) > np.arange(start, stop)[:, None]
        pairs &= groups == groups[start:stop, None]
        end = filled + np.count_nonzero(pairs)
        scores[filled:end] = block[pairs]
        same[filled:end] = (codes == codes[start:stop, None])[pairs]
        filled = end
    return scores, same


def _codes(groups: ArrayLike, num_items: int) -> np.ndarray:
    groups = np.asarray(groups)
    if groups.shape != (num_items,):
        raise ValueError(f"`groups` must have one entry for each of {num_items} items. Received: shape {groups.shape}.")
    return np.unique(groups, return_inverse=True)[1].reshape(-1)


def error_rates(scores: ArrayLike, same: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False accept and false reject rates at every threshold that makes a difference.

    A pair is accepted as the same where its score is at least the threshold.

    Args:
        scores: similarity of each pair `(n,)`, higher for the same label.
        same: True where both items of the pair have the same label `(n,)`.

    Returns:
        far: share of pairs of different labels that are accepted `(m + 1,)`, falling from 1 to 0.
        frr: share of pairs of the same label that are rejected `(m + 1,)`, rising from 0 to 1.
        thresholds: the m distinct scores in ascending order, then plus infinity `(m + 1,)`.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> far, frr, thresholds = error_rates([0.1, 0.4, 0.6, 0.9], [False, True, False, True])
        >>> far.tolist(), frr.tolist()
        ([1.0, 0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5, 1.0])
    """
    thresholds, targets, nontargets = count_rejected(scores, same)
    return (nontargets[-1] - nontargets) / nontargets[-1], targets / targets[-1], thresholds


def equal_error_rate(scores: ArrayLike, same: ArrayLike) -> float:
    """The error rate where as many are falsely accepted as falsely rejected, the usual summary of a verifier.

    Between the two thresholds where FAR and FRR cross, both go along straight lines.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.

    Returns:
        The EER, between 0 (all pairs told apart) and 1; .5 is guessing.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> equal_error_rate([0.1, 0.4, 0.6, 0.9], [False, True, False, True])
        0.5
    """
    far, frr, _ = error_rates(scores, same)
    return crossing(far, frr)


def crossing(far: np.ndarray, frr: np.ndarray) -> float:
    """Value where the line through the points (FAR, FRR) crosses FAR = FRR.

    Args:
        far: falling from 1 to 0 `(m,)`.
        frr: rising from 0 to 1 `(m,)`.

    Returns:
        The equal error rate.

    Example:
        >>> round(crossing(np.array([1.0, 0.3, 0.0]), np.array([0.0, 0.1, 1.0])), 4)
        0.25
    """
    after = int(np.argmax(frr >= far))
    before = after - 1
    gap_before, gap_after = far[before] - frr[before], frr[after] - far[after]
    share = gap_before / (gap_before + gap_after)
    return float(frr[before] + share * (frr[after] - frr[before]))


def det_points(scores: ArrayLike, same: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The corners of the DET (or ROC) curve: `error_rates` without the points on straight stretches between them.

    Use it to draw: millions of trials become some thousand points, and the curve is the same.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.

    Returns:
        far, frr, thresholds: as `error_rates`, fewer points.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> far, frr, _ = det_points([0.1, 0.2, 0.3, 0.8, 0.9], [False, False, False, True, True])
        >>> far.tolist(), frr.tolist()
        ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    """
    far, frr, thresholds = error_rates(scores, same)
    corner = np.ones(far.size, bool)
    corner[1:-1] = ((far[:-2] != far[1:-1]) | (far[1:-1] != far[2:])) & (
        (frr[:-2] != frr[1:-1]) | (frr[1:-1] != frr[2:])
    )
    return far[corner], frr[corner], thresholds[corner]


def roc_auc(scores: ArrayLike, same: ArrayLike) -> float:
    """Area under the ROC curve: the share of (target, non-target) pairs of trials ranked right, ties count one half.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.

    Returns:
        The area, between 0 and 1; .5 is guessing.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> roc_auc([0.1, 0.4, 0.6, 0.9], [False, True, False, True])
        0.75
    """
    far, frr, _ = error_rates(scores, same)
    return float(np.sum((far[:-1] - far[1:]) * (1 - (frr[:-1] + frr[1:]) / 2)))


def min_dcf(
    scores: ArrayLike, same: ArrayLike, p_target: float = 0.01, c_miss: float = 1.0, c_fa: float = 1.0
) -> float:
    """Least detection cost over all thresholds, relative to the better of accepting all and rejecting all.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.
        p_target: prior probability of a target in the application, in (0, 1).
        c_miss: cost of a false reject.
        c_fa: cost of a false accept.

    Returns:
        The normalised cost, between 0 and 1.

    Raises:
        ValueError: if there are NaN scores, two lengths, only one kind of pair, or costs out of range.

    Example:
        >>> min_dcf([0.1, 0.4, 0.6, 0.9], [False, True, False, True])
        0.5

    Reference:
        NIST, Speaker Recognition Evaluation plans (2008 to 2020).
    """
    check_costs(p_target, c_miss, c_fa)
    far, frr, _ = error_rates(scores, same)
    return float(np.min(detection_cost(far, frr, p_target, c_miss, c_fa)))


def act_dcf(llrs: ArrayLike, same: ArrayLike, p_target: float = 0.01, c_miss: float = 1.0, c_fa: float = 1.0) -> float:
    """Detection cost of calibrated scores at the threshold that theory gives them.

    The difference to `min_dcf` is the cost of bad calibration.

    Args:
        llrs: natural-log likelihood ratio of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.
        p_target: prior probability of a target in the application, in (0, 1).
        c_miss: cost of a false reject.
        c_fa: cost of a false accept.

    Returns:
        The normalised cost; above 1 it is worse than not listening at all.

    Raises:
        ValueError: if there are NaN scores, two lengths, only one kind of pair, or costs out of range.

    Example:
        >>> act_dcf([-3.0, 1.0, -1.0, 3.0], [False, False, True, True], p_target=0.5)
        1.0

    Reference:
        NIST, Speaker Recognition Evaluation plans (2008 to 2020).
    """
    check_costs(p_target, c_miss, c_fa)
    llrs, same = check_trials(llrs, same)
    accepted = llrs >= np.log(c_fa * (1 - p_target)) - np.log(c_miss * p_target)
    return float(detection_cost(np.mean(accepted[~same]), np.mean(~accepted[same]), p_target, c_miss, c_fa))


def check_costs(p_target: float, c_miss: float, c_fa: float) -> None:
    """Raises ValueError unless `p_target` is in (0, 1) and both costs are positive.

    Example:
        >>> check_costs(0.01, 1.0, 1.0)
    """
    if not 0 < p_target < 1:
        raise ValueError(f"`p_target` must lie between 0 and 1. Received: p_target={p_target}.")
    if not (c_miss > 0 and c_fa > 0):
        raise ValueError(f"`c_miss` and `c_fa` must be positive. Received: c_miss={c_miss}, c_fa={c_fa}.")


def detection_cost(far: ArrayLike, frr: ArrayLike, p_target: float, c_miss: float, c_fa: float) -> np.ndarray:
    """Expected cost of decisions with these error rates, over that of the better blind decision.

    Example:
        >>> float(detection_cost(0.5, 0.0, p_target=0.5, c_miss=1.0, c_fa=1.0))
        0.5
    """
    miss, false_accept = c_miss * p_target, c_fa * (1 - p_target)
    return (miss * np.asarray(frr) + false_accept * np.asarray(far)) / min(miss, false_accept)


def cllr(llrs: ArrayLike, same: ArrayLike) -> float:
    """Cost of log-likelihood ratios in bits: discrimination and calibration in one number, over all applications.

    Args:
        llrs: natural-log likelihood ratio of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.

    Returns:
        The cost; 0 is perfect, 1 is what `llrs` of 0 get, infinite after a sure and wrong answer.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> cllr([0.0, 0.0], [False, True])
        1.0

    Reference:
        Brümmer and du Preez, "Application-independent evaluation of speaker detection", CSL 2006.
    """
    llrs, same = check_trials(llrs, same)
    llrs = llrs.astype(np.float64, copy=False)
    targets, nontargets = np.logaddexp(0, -llrs[same]), np.logaddexp(0, llrs[~same])
    return float((targets.mean() + nontargets.mean()) / (2 * np.log(2)))


def min_cllr(scores: ArrayLike, same: ArrayLike) -> float:
    """`cllr` after the best monotone calibration, found by pool adjacent violators: discrimination alone, in bits.

    Args:
        scores: similarity of each pair on any scale `(n,)`.
        same: True where the pair has the same label `(n,)`.

    Returns:
        The cost, between 0 and 1.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> min_cllr([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
        0.0

    Reference:
        Brümmer and du Preez, "Application-independent evaluation of speaker detection", CSL 2006.
    """
    from sklearn.isotonic import isotonic_regression  # a second's import that the other measures do not need

    _, targets, nontargets = count_rejected(scores, same)
    odds = targets[-1] / nontargets[-1]
    targets, nontargets = np.diff(targets), np.diff(nontargets)
    counts = targets + nontargets
    posterior = isotonic_regression(targets / counts, sample_weight=counts, y_min=0, y_max=1)
    with np.errstate(divide="ignore"):
        ratio = posterior / (1 - posterior) / odds
        costs = xlog1py(targets, 1 / ratio).sum() / targets.sum() + xlog1py(nontargets, ratio).sum() / nontargets.sum()
    return float(costs / (2 * np.log(2)))
