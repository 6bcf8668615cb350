"""How sure is an equal error rate? Resampling of speakers."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import check_items
from comparators.metrics.trials import check_trials
from comparators.metrics.verification import crossing, pair_scores


def equal_error_rate_interval(
    embeddings: ArrayLike,
    labels: ArrayLike,
    num_draws: int = 1000,
    confidence: float = 0.95,
    similarity: str = "cosine",
    seed: int = 0,
) -> tuple[float, float]:
    """Confidence interval of the EER on all pairs, from a bootstrap over labels (speakers).

    Pairs of one speaker are not independent, so whole speakers are drawn with replacement, never pairs. A speaker drawn
    w times counts w times in its own pairs, and its pairs with one drawn v times count w v times; copies of one speaker
    are not paired with each other. Draws without two labels or without a pair of one label are drawn again.

    Args:
        embeddings: one row per item `(n, dim)`, or `(n, n)` similarities if `similarity="precomputed"`.
        labels: label of each item `(n,)`.
        num_draws: number of bootstrap draws.
        confidence: share of the draws between the two ends, in (0, 1).
        similarity: see `pair_scores`.
        seed: seed of the draws.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: if the input is not fit for `pair_scores` and `equal_error_rate`, or a setting is out of range.

    Example:
        >>> embeddings = np.random.default_rng(0).normal(size=(24, 4)) + np.repeat(np.eye(6, 4) * 3, 4, axis=0)
        >>> low, high = equal_error_rate_interval(embeddings, np.repeat(np.arange(6), 4), num_draws=50)
        >>> 0 <= low < high <= 1
        True

    Reference:
        Bolle, Ratha and Pankanti, "Error analysis of pattern recognition systems: the subsets bootstrap", CVIU 2004.
    """
    if num_draws < 1:
        raise ValueError(f"`num_draws` must be positive. Received: num_draws={num_draws}.")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must lie between 0 and 1. Received: confidence={confidence}.")
    embeddings, codes = check_items(embeddings, labels, similarity)
    scores, same = check_trials(*pair_scores(embeddings, codes, similarity))
    order = np.argsort(scores)
    ends = np.flatnonzero(np.append(np.diff(scores[order]) > 0, True))
    num_labels = codes.max() + 1
    first, second = (codes.astype(np.int32)[index][order] for index in np.triu_indices(len(codes), 1))
    same = same[order]
    second[same] = num_labels  # the weight of this extra entry is 1: a pair within a label counts w times, not w * w
    rng = np.random.default_rng(seed)
    has_pair = np.bincount(codes) > 1

    def draw() -> float:
        weights = np.zeros(num_labels + 1, np.int64)
        while np.count_nonzero(weights) < 2 or not weights[:-1][has_pair].any():
            weights[:-1] = np.bincount(rng.integers(num_labels, size=num_labels), minlength=num_labels)
        weights[-1] = 1
        pairs = weights[first] * weights[second]
        targets = np.append(0, np.cumsum(pairs * same)[ends])
        nontargets = np.append(0, np.cumsum(pairs)[ends]) - targets
        return crossing(1 - nontargets / nontargets[-1], targets / targets[-1])

    tail = (1 - confidence) / 2
    low, high = np.quantile([draw() for _ in range(num_draws)], [tail, 1 - tail])
    return float(low), float(high)
