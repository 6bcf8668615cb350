"""Images and those that are most alike to them."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.image_cells import Cell, draw_cells
from comparators.plots.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT, WRONG = COLOURS[2], COLOURS[1]


def neighbors(
    queries: Sequence[ArrayLike | str | PathLike],
    items: Sequence[ArrayLike | str | PathLike],
    scores: ArrayLike,
    query_labels: ArrayLike | None = None,
    item_labels: ArrayLike | None = None,
    k: int = 5,
    num_rows: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draws each query at the left and the items most alike to it at its right, with their scores.

    With labels, an item of the query's label has a green frame, another a dashed red one.

    Args:
        queries: images of the queries: arrays `(height, width, channels)` of uint8, or paths `(n,)`.
        items: images that are searched, likewise `(m,)`.
        scores: of each query with each item, higher for more alike, such as `model.similarity_matrix(a, b)` returns
            `(n, m)`. What has a score of minus infinity is not shown: set it for a query among the items.
        query_labels: label of each query `(n,)`, or None.
        item_labels: label of each item `(m,)`, or None.
        k: how many items for each query.
        num_rows: most queries that are drawn, from the first.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: if lengths do not match, a score is NaN, only one kind of labels is given, a number is not positive,
            or an image is not as above.
        FileNotFoundError: if an image is missing.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> images = np.zeros((3, 8, 8, 1), "uint8")
        >>> ax = neighbors(images[:1], images[1:], [[0.2, 0.9]], ["cat"], ["dog", "cat"], k=2)
        >>> [text.get_text() for text in ax.texts]
        ['query', '1', '2', 'cat', '0.90', 'cat', '0.20', 'dog']
        >>> plt.close(ax.figure)
    """
    for name, value in (("k", k), ("num_rows", num_rows)):
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    scores = np.asarray(scores, np.float64)
    if scores.shape != (len(queries), len(items)) or not scores.size or np.isnan(scores).any():
        raise ValueError(
            f"`scores` must be `(queries, items)`, {(len(queries), len(items))}, without NaN and not empty. "
            f"Received: shape {scores.shape} with {np.count_nonzero(np.isnan(scores))} NaN."
        )
    if (query_labels is None) != (item_labels is None):
        raise ValueError("`query_labels` and `item_labels` must be given both, or neither. Received: one of them.")
    labelled = query_labels is not None
    query_labels = _checked(query_labels, len(queries), "query_labels")
    item_labels = _checked(item_labels, len(items), "item_labels")
    rows = []
    for query in range(min(len(queries), num_rows)):
        found = [i for i in np.argsort(-scores[query], kind="stable")[:k] if scores[query, i] > -np.inf]
        right = [not labelled or item_labels[i] == query_labels[query] for i in found]
        rows.append(
            [
                Cell(queries[query], str(query_labels[query])),
                *(
                    Cell(
                        items[i],
                        f"{scores[query, i]:.2f}\n{item_labels[i]}".strip(),
                        (RIGHT if same else WRONG) if labelled else None,
                        dashed=not same,
                    )
                    for i, same in zip(found, right, strict=True)
                ),
            ]
        )
    columns = ["query", *(str(rank + 1) for rank in range(min(k, len(items))))]
    return draw_cells(rows, column_names=columns, split_after=1, ax=ax)


def _checked(labels: ArrayLike | None, length: int, name: str) -> np.ndarray:
    labels = np.full(length, "") if labels is None else np.asarray(labels)
    if labels.shape != (length,):
        raise ValueError(f"`{name}` must have one label for each of {length} images. Received: shape {labels.shape}.")
    return labels
