"""Measures of classifiers whose items may have several labels: average precision, AUC and d' of each class."""

import numpy as np
from numpy.typing import ArrayLike


def class_average_precision(scores: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Average precision of each class: the mean of the precision at each of its items, where all are ranked by score.

    Tied items have one rank, the last of them, so that the order of the items does not matter (as scikit-learn's
    `average_precision_score`). AudioSet's mAP is the mean over classes.

    Args:
        scores: of each item for each class `(n, classes)`, logits or probabilities.
        targets: 1 or True where an item has the label `(n, classes)`.

    Returns:
        float64 `(classes,)`, between 0 and 1; NaN for a class without items.

    Raises:
        ValueError: the two differ in shape, a score is NaN, or a target is neither 0 nor 1.

    Example:
        >>> class_average_precision([[0.9, 0.2], [0.5, 0.8], [0.1, 0.7]], [[1, 0], [0, 1], [1, 1]]).round(3).tolist()
        [0.833, 1.0]
    """
    scores, targets = _check(scores, targets)
    order = np.argsort(-scores, axis=0)
    ranked, right = np.take_along_axis(scores, order, axis=0), np.take_along_axis(targets, order, axis=0)
    places = np.arange(1, len(scores) + 1)[:, None]
    last = _last_of_ties(ranked)
    precision = np.take_along_axis(np.cumsum(right, axis=0) / places, last, axis=0)
    with np.errstate(invalid="ignore"):
        return np.sum(precision * right, axis=0) / right.sum(axis=0)


def class_roc_auc(scores: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Area under the ROC curve of each class, from the ranks of its items; ties count one half.

    Args:
        scores: of each item for each class `(n, classes)`.
        targets: 1 or True where an item has the label `(n, classes)`.

    Returns:
        float64 `(classes,)`, between 0 and 1; NaN for a class that no item or every item has.

    Raises:
        ValueError: see `class_average_precision`.

    Example:
        >>> class_roc_auc([[0.1], [0.4], [0.6], [0.9]], [[0], [1], [0], [1]]).tolist()
        [0.75]
    """
    from scipy.stats import rankdata

    scores, targets = _check(scores, targets)
    positives = targets.sum(axis=0)
    above = np.sum(rankdata(scores, axis=0) * targets, axis=0) - positives * (positives + 1) / 2
    with np.errstate(invalid="ignore"):
        return above / (positives * (len(scores) - positives))


def d_prime(auc: ArrayLike) -> float | np.ndarray:
    """Turns areas under the ROC curve into d', the distance in deviations of two normal distributions with that area.

    Args:
        auc: areas, of any shape.

    Returns:
        `sqrt(2) * probit(auc)`, of the same shape; 0 is guessing, infinite where the area is 1.

    Raises:
        ValueError: an area does not lie between 0 and 1.

    Example:
        >>> round(d_prime(0.975), 3)
        2.772

    Reference:
        Hershey et al. 2017, CNN architectures for large-scale audio classification.
    """
    from scipy.special import ndtri

    auc = np.asarray(auc, np.float64)
    if (auc < 0).any() or (auc > 1).any():
        raise ValueError(f"`auc` must lie between 0 and 1. Received: from {np.nanmin(auc)} to {np.nanmax(auc)}.")
    values = np.sqrt(2) * ndtri(auc)
    return float(values) if values.ndim == 0 else values


def multi_label_report(scores: ArrayLike, targets: ArrayLike) -> dict[str, float]:
    """Measures a classifier as AudioSet's results are given: means over classes.

    Classes that no item has are left out of the means.

    Args:
        scores: of each item for each class `(n, classes)`.
        targets: 1 or True where an item has the label `(n, classes)`.

    Returns:
        `"map"`, `"auc"` and `"d_prime"`, the last of the mean area.

    Raises:
        ValueError: see `class_average_precision`; or no class can be measured.

    Example:
        >>> report = multi_label_report([[0.9, 0.2], [0.5, 0.8], [0.1, 0.7]], [[1, 0], [0, 1], [1, 1]])
        >>> {name: round(value, 3) for name, value in report.items()}
        {'map': 0.917, 'auc': 0.75, 'd_prime': 0.954}

    Reference:
        Gemmeke et al. 2017, Audio Set: an ontology and human-labeled dataset for audio events.
    """
    precision, auc = class_average_precision(scores, targets), class_roc_auc(scores, targets)
    if np.isnan(auc).all():
        raise ValueError(
            "`targets` must hold a class that some items have and others have not. Received: none of "
            f"{len(auc)} classes. Measure more items."
        )
    area = float(np.nanmean(auc))
    return {"map": float(np.nanmean(precision)), "auc": area, "d_prime": d_prime(area)}


def _last_of_ties(ranked: np.ndarray) -> np.ndarray:
    """For each place of columns that are sorted downwards, the last place with the same value `(n, classes)`."""
    num_items = len(ranked)
    ends = np.ones(ranked.shape, bool)
    ends[:-1] = ranked[1:] != ranked[:-1]
    places = np.where(ends, np.arange(num_items)[:, None], num_items)
    return np.minimum.accumulate(places[::-1], axis=0)[::-1]


def _check(scores: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    scores, targets = np.asarray(scores, np.float64), np.asarray(targets)
    if scores.ndim != 2 or scores.shape != targets.shape or not scores.size:
        raise ValueError(
            "`scores` and `targets` must be of one shape, `(n, classes)`, and not empty. "
            f"Received: {scores.shape} and {targets.shape}."
        )
    if np.isnan(scores).any():
        raise ValueError(f"`scores` must not be NaN. Received: {np.isnan(scores).sum()} of {scores.size}.")
    if not np.isin(targets, (0, 1)).all():
        raise ValueError(
            "`targets` must be 0 or 1. Received: other values, as smoothed or mixed labels have. Give the plain ones."
        )
    return scores, targets.astype(np.int64)
