"""What calibrations share: scores in, log-likelihood ratios to probabilities out."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit


def check_scores(scores: ArrayLike, quality: ArrayLike | None) -> np.ndarray:
    """Returns scores and quality measures side by side, or says what is wrong with them.

    Args:
        scores: similarity of each pair `(n,)`.
        quality: what else is known of each pair `(n,)` or `(n, num_measures)`, or None.

    Returns:
        `(n, 1 + num_measures)` float64.

    Raises:
        ValueError: if the shapes do not match, or a value is not finite.

    Example:
        >>> check_scores([0.5, 0.7], [1, 2]).tolist()
        [[0.5, 1.0], [0.7, 2.0]]
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1:
        raise ValueError(f"`scores` must be one-dimensional, one for each pair. Received: shape {scores.shape}.")
    columns = [scores[:, None]]
    if quality is not None:
        quality = np.asarray(quality, np.float64)
        columns.append(quality[:, None] if quality.ndim == 1 else quality)
        if columns[1].ndim != 2 or len(columns[1]) != len(scores):
            raise ValueError(f"`quality` must be `({len(scores)}, num_measures)`. Received: shape {quality.shape}.")
    inputs = np.concatenate(columns, axis=1)
    if not np.isfinite(inputs).all():
        raise ValueError(
            "Scores and quality measures must be finite. Received: NaN or infinity. Leave these pairs out."
        )
    return inputs


def probability_of(llr: np.ndarray, prior: float) -> np.ndarray:
    """Probability of the same label, from the evidence and what was known before.

    Args:
        llr: natural-log likelihood ratios, any shape.
        prior: probability of the same label before looking, in (0, 1).

    Returns:
        Probabilities, same shape.

    Raises:
        ValueError: if `prior` is not between 0 and 1.

    Example:
        >>> probability_of(np.array([0.0]), prior=0.25).tolist()
        [0.25]
    """
    if not 0 < prior < 1:
        raise ValueError(f"`prior` must be between 0 and 1. Received: prior={prior}.")
    return expit(llr + logit(prior))
