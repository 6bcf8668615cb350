"""Labels as integer codes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from comparators.generators.row_names import name_rows


def label_codes(labels: Sequence | np.ndarray | pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Numbers labels in their order: 0 for the first name.

    Args:
        labels: of the items, `(n,)`: all strings or all numbers.

    Returns:
        The names, sorted, and the position of each item's label among them, int32 `(n,)`.

    Raises:
        TypeError: `labels` is None, or nothing with a length.
        ValueError: the labels are not one for each item, some are missing (None, NaN or ""), or strings and numbers
            are mixed. The message names the rows.

    Example:
        >>> names, codes = label_codes(["bob", "ann", "bob"])
        >>> names.tolist(), codes.tolist()
        (['ann', 'bob'], [1, 0, 1])
    """
    labels = _flat(labels)
    if labels.dtype.kind not in "iubU":
        _check_filled(labels)
        _check_one_kind(labels)
        labels = np.asarray(labels.tolist())
    elif labels.dtype.kind == "U":
        _check_filled(labels)
    names, codes = np.unique(labels, return_inverse=True)
    return names, codes.astype(np.int32)


def check_one_label_each(labels: Sequence | np.ndarray | pd.Series, num_items: int) -> None:
    """Raises what is wrong where there is not one label for each item.

    Args:
        labels: of the items.
        num_items: how many there are.

    Raises:
        TypeError: `labels` is None, or nothing with a length.
        ValueError: there are more or fewer labels than items.
    """
    _check_several(labels)
    if len(labels) != num_items:
        raise ValueError(f"`labels` must have one entry for each of the {num_items} items. Received: {len(labels)}.")


def _check_several(labels: Sequence | np.ndarray | pd.Series) -> None:
    if isinstance(labels, str) or not hasattr(labels, "__len__"):
        raise TypeError(
            f"`labels` must be a list or array with one string or number for each item. Received: {labels!r}. "
            "Where nothing is labelled, train on `TwoViews` of each item."
        )


def _flat(labels: Sequence | np.ndarray | pd.Series) -> np.ndarray:
    _check_several(labels)
    # NumPy by itself would make None and NaN in a list of strings into the strings "None" and "nan".
    labels = np.asarray(labels if hasattr(labels, "dtype") else pd.Series(list(labels), dtype=object))
    if labels.ndim != 1:
        raise ValueError(
            f"`labels` must be one string or number for each item, `(n,)`. Received: shape {labels.shape}. "
            "For one-hot labels take `labels.argmax(axis=1)`."
        )
    return labels


def _check_filled(labels: np.ndarray) -> None:
    empty = pd.isna(labels)
    empty[~empty] = labels[~empty] == ""
    empty = np.flatnonzero(empty)
    if len(empty):
        raise ValueError(
            f"Every item must have a label. Received: {len(empty)} without, the first in {name_rows(empty)}. "
            "Fill them in or remove the rows."
        )


def _check_one_kind(labels: np.ndarray) -> None:
    is_text = np.array([isinstance(label, str) for label in labels], bool)
    if is_text.any() and not is_text.all():
        text, other = int(is_text.argmax()), int(is_text.argmin())
        raise ValueError(
            f"`labels` must be all strings or all numbers. Received: {labels[text]!r} in row {text} and "
            f"{labels[other]!r} in row {other}. Make all of them strings: `[str(label) for label in labels]`."
        )
