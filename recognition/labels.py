"""Labels: names or whole numbers, one for each item, none missing."""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike


def check_labels(labels: ArrayLike, num_items: int | None = None) -> np.ndarray:
    """Returns labels as an array of strings or of integers, or says which label is wrong.

    Args:
        labels: one label for each item `(n,)`: strings, or whole numbers. Not both: 1 and "1" would be two labels.
        num_items: the number of labels expected, if known.

    Returns:
        The labels `(n,)`, of a NumPy string or integer type.

    Raises:
        ValueError: if a label is missing (None or NaN), empty, or if there are too many or too few.
        TypeError: if the labels are neither all strings nor all whole numbers.

    Example:
        >>> check_labels(["ann", "bob"]).tolist()
        ['ann', 'bob']
        >>> check_labels(["ann", ""])
        Traceback (most recent call last):
        ...
        ValueError: A label must not be empty. Received: '' for item 1. Name it, or leave the item out.
    """
    # As objects: NumPy would make of 1 beside "1" two strings.
    labels = labels if isinstance(labels, np.ndarray) else np.array(labels, dtype=object)
    if labels.ndim != 1 or (num_items is not None and len(labels) != num_items):
        expected = "one-dimensional" if num_items is None else f"one for each of the {num_items} items"
        raise ValueError(f"`labels` must be {expected}. Received: shape {labels.shape}.")
    if not len(labels):
        return labels if labels.dtype.kind in "iu" else labels.astype(np.str_)
    if labels.dtype.kind in "iuf":
        return _whole_numbers(labels)
    if labels.dtype.kind != "U":
        labels = _one_kind(labels)
    if labels.dtype.kind == "U":
        empty = np.char.str_len(np.char.strip(labels)) == 0
        if empty.any():
            item = int(empty.argmax())
            raise ValueError(
                f"A label must not be empty. Received: {str(labels[item])!r} for item {item}. "
                "Name it, or leave the item out."
            )
    return labels


def _whole_numbers(labels: np.ndarray) -> np.ndarray:
    """Floats become integers: tables hold whole numbers as floats when one is missing somewhere."""
    if labels.dtype.kind in "iu":
        return labels
    wrong = ~np.isfinite(labels) | (labels != np.round(labels))
    if wrong.any():
        item = int(wrong.argmax())
        raise ValueError(
            f"A label must be a string or a whole number. Received: {labels[item]} for item {item}. "
            "Fill in the missing label, or leave the item out."
        )
    return labels.astype(np.int64)


def _one_kind(labels: np.ndarray) -> np.ndarray:
    """Labels held as Python objects: all strings, or all whole numbers."""
    values = labels.tolist()
    for item, label in enumerate(values):
        if label is None or label != label:
            raise ValueError(
                f"A label must not be missing. Received: {label} for item {item}. Fill it in, or leave the item out."
            )
    if all(isinstance(label, str) for label in values):
        return np.array(values, dtype=np.str_)
    if all(isinstance(label, Real) and not isinstance(label, bool) for label in values):
        return _whole_numbers(np.array(values))
    kinds = sorted({type(label).__name__ for label in values})
    raise TypeError(
        f"Labels must be all strings or all whole numbers. Received: {', '.join(kinds)}. Convert them, for example "
        f"with `str`."
    )
