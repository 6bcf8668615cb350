"""How sure is a share of right answers?"""

from statistics import NormalDist

import numpy as np


def wilson_interval(num_hits: float, num_items: int, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a share of independent items, exact enough also for few items and shares near 0 and 1.

    Items that are not independent, such as several recordings of one speaker, make it too narrow.

    Args:
        num_hits: number of right answers.
        num_items: number of answers.
        confidence: in (0, 1).

    Returns:
        The lower and the upper end, between 0 and 1.

    Raises:
        ValueError: a value is out of its range.

    Example:
        >>> low, high = wilson_interval(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)

    Reference:
        Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    if num_items < 1 or not 0 <= num_hits <= num_items:
        raise ValueError(
            "`num_hits` must lie between 0 and `num_items`, and there must be an item. "
            f"Received: num_hits={num_hits}, num_items={num_items}."
        )
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must lie between 0 and 1. Received: confidence={confidence}.")
    share = num_hits / num_items
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    width = z * np.sqrt(share * (1 - share) / num_items + (z / num_items / 2) ** 2)
    low, high = (share + z**2 / num_items / 2 + np.array([-width, width])) / (1 + z**2 / num_items)
    # Rounding would leave the ends of "never" and "always" a hair off.
    return (0.0 if num_hits == 0 else float(low)), (1.0 if num_hits == num_items else float(high))
