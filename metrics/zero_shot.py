"""Zero-shot classification: each item gets the class of the nearest prototype, also of classes never trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.proportions import wilson_interval
from comparators.metrics.prototypes import check_prototype_scores, class_codes, prototype_hits


def zero_shot_report(
    scores: ArrayLike,
    labels: ArrayLike,
    classes: Sequence,
    unseen: Sequence,
    confidence: float = 0.95,
    num_draws: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Measures zero-shot and generalised zero-shot classification.

    Give test items of the seen classes and all items of the unseen ones. The measures:

    * "seen": items of seen classes among the seen classes.
    * "zsl": items of unseen classes among the unseen classes.
    * "gzsl_seen" and "gzsl_unseen": items of seen, and of unseen, classes among all classes.
    * "gzsl_harmonic": harmonic mean of these two.

    Args:
        scores: of each item with the prototype of each class `(n, classes)`, higher for more alike.
        labels: class of each item `(n,)`.
        classes: all classes, one for each column, in any order.
        unseen: those of them that were not trained on.
        confidence: of the intervals, in (0, 1).
        num_draws: bootstrap draws of items for the interval of the harmonic mean.
        seed: of these draws.

    Returns:
        For each measure "accuracy", its interval "low" and "high" (Wilson over items; bootstrap over items for the
        harmonic mean), "chance" (guessing among the classes), "num_items" and "num_classes".

    Raises:
        ValueError: a shape does not match, a label or an unseen class is not among the classes, or there are no items
            of seen or of unseen classes.

    Example:
        >>> scores = [[0.9, 0.1, 0.0], [0.2, 0.7, 0.6], [0.8, 0.1, 0.5]]
        >>> report = zero_shot_report(scores, ["dog", "cat", "rain"], ["dog", "cat", "rain"], unseen=["rain"])
        >>> {name: round(measure["accuracy"], 2) for name, measure in report.items()}
        {'seen': 1.0, 'zsl': 1.0, 'gzsl_seen': 1.0, 'gzsl_unseen': 0.0, 'gzsl_harmonic': 0.0}

    Reference:
        Xian, Lampert, Schiele and Akata, "Zero-shot learning: a comprehensive evaluation of the good, the bad and the
        ugly", TPAMI 2019.
    """
    scores = check_prototype_scores(scores, classes)
    codes = class_codes(labels, classes, len(scores))
    is_unseen = np.isin(np.arange(len(classes)), class_codes(unseen, classes, len(unseen)))
    if is_unseen.all() or not is_unseen.any() or np.unique(is_unseen[codes]).size < 2:
        raise ValueError(
            "There must be seen and unseen classes, and items of both. "
            f"Received: {np.count_nonzero(~is_unseen)} seen classes with {np.count_nonzero(~is_unseen[codes])} items, "
            f"{np.count_nonzero(is_unseen)} unseen ones with {np.count_nonzero(is_unseen[codes])}."
        )
    everything = np.ones(len(classes), bool)
    chosen = {
        "seen": (~is_unseen, ~is_unseen),
        "zsl": (is_unseen, is_unseen),
        "gzsl_seen": (~is_unseen, everything),
        "gzsl_unseen": (is_unseen, everything),
    }
    hits, report = {}, {}
    for name, (asked, among) in chosen.items():
        items = asked[codes]
        hits[name] = prototype_hits(np.where(among, scores[items], -np.inf), codes[items])
        low, high = wilson_interval(hits[name].sum(), len(hits[name]), confidence)
        report[name] = _measure(hits[name].mean(), low, high, np.count_nonzero(among), len(hits[name]))
    low, high = _harmonic_interval(hits["gzsl_seen"], hits["gzsl_unseen"], confidence, num_draws, seed)
    mean = _harmonic(hits["gzsl_seen"].mean(), hits["gzsl_unseen"].mean())
    return {**report, "gzsl_harmonic": _measure(mean, low, high, len(classes), len(codes))}


def _measure(accuracy: float, low: float, high: float, num_classes: int, num_items: int) -> dict[str, float]:
    return {
        "accuracy": float(accuracy),
        "low": float(low),
        "high": float(high),
        "chance": 1 / int(num_classes),
        "num_items": int(num_items),
        "num_classes": int(num_classes),
    }


def _harmonic(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    total = np.add(first, second)
    return 2 * np.multiply(first, second) / np.where(total > 0, total, 1)


def _harmonic_interval(
    seen: np.ndarray, unseen: np.ndarray, confidence: float, num_draws: int, seed: int
) -> tuple[float, float]:
    if num_draws < 1:
        raise ValueError(f"`num_draws` must be positive. Received: num_draws={num_draws}.")
    rng = np.random.default_rng(seed)
    # Seen and unseen items are drawn apart, so that each draw has as many of both.
    means = [
        [hits[rng.integers(len(hits), size=len(hits))].mean() for _ in range(num_draws)] for hits in (seen, unseen)
    ]
    tail = (1 - confidence) / 2
    return tuple(np.quantile(_harmonic(*means), [tail, 1 - tail]))
