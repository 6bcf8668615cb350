"""All similarities at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.font_families import font_families

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def similarity_matrix(
    similarities: ArrayLike, labels: ArrayLike, name: str = "cosine similarity", ax: Axes | None = None
) -> Axes:
    """Draws the similarities of all items to all items, items of one label side by side, with borders between labels.

    A good embedding shows bright squares on the diagonal; a bright square off it is a pair of labels that are confused.

    Args:
        similarities: similarity of item i to item j `(n, n)`.
        labels: label of each item `(n,)`, strings or integers.
        name: what the colours mean, written at the colour bar.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: if the matrix is not square, does not match the labels, or is not finite.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = similarity_matrix(np.eye(3), ["bob", "ann", "bob"])
        >>> [text.get_text() for text in ax.get_yticklabels()]
        ['ann', 'bob']
        >>> plt.close(ax.figure)
    """
    similarities, labels = np.asarray(similarities, np.float32), np.asarray(labels)
    if labels.ndim != 1 or similarities.shape != labels.shape * 2 or not labels.size:
        raise ValueError(
            "`similarities` must be square, `(n, n)`, with one of `labels` for each row. "
            f"Received: shapes {similarities.shape} and {labels.shape}."
        )
    if not np.isfinite(similarities).all():
        raise ValueError(
            f"`similarities` must be finite. Received: {(~np.isfinite(similarities)).sum()} values that are not."
        )
    order = np.argsort(labels, kind="stable")
    names, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    width = float(np.clip(0.22 * len(names), 5.5, 13))
    ax = axes_or_new(ax, width + 1.2, width)
    image = ax.imshow(similarities[np.ix_(order, order)], cmap="viridis", interpolation="antialiased")
    ax.figure.colorbar(image, ax=ax, label=name, shrink=0.85, pad=0.02)
    line_width = float(np.clip(18 / len(names), 0.2, 0.8))
    for start in starts[1:]:
        ax.axhline(start - 0.5, color="white", linewidth=line_width)
        ax.axvline(start - 0.5, color="white", linewidth=line_width)
    centres = starts + (counts - 1) / 2
    fonts = {"fontsize": float(np.clip(500 / len(names), 5, 9)), "fontfamily": font_families(names)}
    turned = max(len(str(name)) for name in names) * len(names) > 40
    ax.set_xticks(centres, names, rotation=90 if turned else 0, **fonts)
    ax.set_yticks(centres, names, **fonts)
    ax.tick_params(length=0)
    return ax
