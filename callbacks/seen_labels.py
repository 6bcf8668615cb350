"""Which items have labels that are trained on."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.recognition.labels import check_labels


def is_seen(labels: np.ndarray, seen: ArrayLike) -> np.ndarray:
    """Tells items of labels that are trained on from all others.

    Args:
        labels: label of each item `(n,)`.
        seen: labels that are trained on, in any order and number `(m,)`.

    Returns:
        True for each item of a seen label `(n,)`.

    Raises:
        ValueError: if `seen` holds none of the items' labels, or all of them.

    Example:
        >>> is_seen(np.array(["ann", "bob", "eve"]), ["eve", "ann", "dan"]).tolist()
        [True, False, True]
    """
    seen = check_labels(list(seen) if isinstance(seen, set | frozenset) else seen)
    both_numbers_or_strings = (labels.dtype.kind in "iuf") == (seen.dtype.kind in "iuf")
    known = np.isin(labels, seen) & both_numbers_or_strings  # NumPy would find 1 among "1" and "2"
    if known.all() or not known.any():
        which, next_step = ("all", "Leave `seen` out") if known.any() else ("none", "Write them as in `labels`")
        raise ValueError(
            "`seen` must hold some of the items' labels, and not all. "
            f"Received: {which} of them; seen={_first(seen)}, labels={_first(labels)}. {next_step}."
        )
    return known


def _first(labels: np.ndarray) -> str:
    names = np.unique(labels).tolist()
    return f"[{', '.join(map(repr, names[:5]))}{', ...' if len(names) > 5 else ''}]"
