"""Do scores follow graded judgements? Rank and linear correlation, and how sure it is."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

MEASURES = ("spearman", "pearson")


def spearman_correlation(scores: ArrayLike, judgements: ArrayLike) -> float:
    """Spearman's rank correlation of scores with graded judgements, such as of how alike two sentences are.

    It looks at the order alone: equal values share the mean of their ranks.

    Args:
        scores: of each pair `(n,)`.
        judgements: of each pair `(n,)`, in any unit; higher for more alike, as the scores.

    Returns:
        The correlation, from -1 to 1. NaN, with a warning, where all scores or all judgements are equal.

    Raises:
        ValueError: if there are not as many scores as judgements, fewer than two, or one is not finite.

    Example:
        >>> spearman_correlation([0.1, 0.7, 0.9, 0.8], [0, 2, 3, 5])
        0.8
    """
    return _correlation(*_check(scores, judgements), "spearman")


def pearson_correlation(scores: ArrayLike, judgements: ArrayLike) -> float:
    """Pearson's linear correlation of scores with graded judgements.

    Args:
        scores: of each pair `(n,)`.
        judgements: of each pair `(n,)`, in any unit; higher for more alike, as the scores.

    Returns:
        The correlation, from -1 to 1. NaN, with a warning, where all scores or all judgements are equal.

    Raises:
        ValueError: if there are not as many scores as judgements, fewer than two, or one is not finite.

    Example:
        >>> round(pearson_correlation([0.0, 0.5, 1.0], [1, 2, 3]), 6)
        1.0
    """
    return _correlation(*_check(scores, judgements), "pearson")


def correlation_interval(
    scores: ArrayLike,
    judgements: ArrayLike,
    measure: str = "spearman",
    num_draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Confidence interval of a correlation, from a bootstrap over pairs.

    Pairs are drawn with replacement. Draws in which all scores or all judgements are equal are drawn again. Where one
    sentence is in many pairs, these are not independent, and the interval is too narrow.

    Args:
        scores: of each pair `(n,)`.
        judgements: of each pair `(n,)`.
        measure: "spearman" or "pearson".
        num_draws: number of bootstrap draws.
        confidence: share of the draws between the two ends, in (0, 1).
        seed: seed of the draws.

    Returns:
        The lower and the upper end; NaN, with a warning, where all scores or all judgements are equal.

    Raises:
        ValueError: if the input is not fit for the correlation, or a setting is out of range.

    Example:
        >>> judgements = np.arange(50)
        >>> scores = judgements + 10 * np.random.default_rng(0).normal(size=50)
        >>> low, high = correlation_interval(scores, judgements, num_draws=100)
        >>> 0.5 < low < spearman_correlation(scores, judgements) < high < 1
        True
    """
    if measure not in MEASURES:
        raise ValueError(f"`measure` must be one of {', '.join(map(repr, MEASURES))}. Received: measure={measure!r}.")
    if num_draws < 1:
        raise ValueError(f"`num_draws` must be positive. Received: num_draws={num_draws}.")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must lie between 0 and 1. Received: confidence={confidence}.")
    scores, judgements = _check(scores, judgements)
    if np.isnan(_correlation(scores, judgements, measure)):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)

    def draw() -> float:
        while True:
            rows = rng.integers(len(scores), size=len(scores))
            if np.ptp(scores[rows]) and np.ptp(judgements[rows]):
                return _correlation(scores[rows], judgements[rows], measure)

    tail = (1 - confidence) / 2
    low, high = np.quantile([draw() for _ in range(num_draws)], [tail, 1 - tail])
    return float(low), float(high)


def _check(scores: ArrayLike, judgements: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    scores, judgements = np.asarray(scores, np.float64), np.asarray(judgements, np.float64)
    if scores.ndim != 1 or scores.shape != judgements.shape or len(scores) < 2:
        raise ValueError(
            "`scores` and `judgements` must be of one length, `(n,)`, and of two pairs at least. "
            f"Received: shapes {scores.shape} and {judgements.shape}."
        )
    for name, values in (("scores", scores), ("judgements", judgements)):
        bad = ~np.isfinite(values)
        if bad.any():
            raise ValueError(
                f"`{name}` must be finite. Received: {values[bad][0]} for pair {bad.argmax()}, {bad.sum()} such in "
                "all. Leave these pairs out, or look at what made them."
            )
    return scores, judgements


def _correlation(scores: np.ndarray, judgements: np.ndarray, measure: str) -> float:
    for name, values in (("scores", scores), ("judgements", judgements)):
        if not np.ptp(values):
            warnings.warn(f"All `{name}` are equal: their correlation is not defined, NaN.", stacklevel=3)
            return float("nan")
    if measure == "spearman":
        from scipy.stats import rankdata  # it takes long to import

        scores, judgements = rankdata(scores), rankdata(judgements)
    # Divided by the largest first, so that squares neither overflow nor vanish.
    one, other = (
        values - values.mean() for values in (scores / np.abs(scores).max(), judgements / np.abs(judgements).max())
    )
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    return float(np.clip(one @ other, -1, 1))
