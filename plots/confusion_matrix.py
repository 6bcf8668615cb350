"""Which labels are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.font_families import font_families

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST_FONT = 4.0


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, values: str = "counts", ax: Axes | None = None) -> Axes:
    """Draws how often each label (row) was given each answer (column), and writes the numbers into the cells.

    Colours always show the share of the row, so that rare labels are as visible as frequent ones. Zeros are left out;
    so are the numbers where the cells are too small to read them.

    Args:
        labels: true label of each item `(n,)`.
        predicted: answer for each item `(n,)`; what is never true, such as "unknown", comes in the last columns.
        values: what the cells say: "counts", or "shares" of the row in percent.
        ax: Axes to draw in; None makes a new figure, larger for more labels.

    Returns:
        The Axes; the title is the accuracy.

    Raises:
        ValueError: if the lengths differ, there is no item, or `values` is unknown.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = confusion_matrix(["ann", "ann", "bob"], ["ann", "bob", "bob"])
        >>> ax.get_title(), [text.get_text() for text in ax.texts]
        ('accuracy 66.7 % of 3', ['1', '1', '1'])
        >>> plt.close(ax.figure)
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape or not labels.size:
        raise ValueError(
            "`labels` and `predicted` must be two one-dimensional arrays of one length, not empty. "
            f"Received: shapes {labels.shape} and {predicted.shape}."
        )
    if values not in ("counts", "shares"):
        raise ValueError(f"`values` must be 'counts' or 'shares'. Received: values={values!r}.")
    names, answers, counts = _count(labels, predicted)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    side = float(np.clip(0.3 * len(answers), 3.2, 12))
    ax = axes_or_new(ax, side + 2.0, side + 1.0)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    ax.figure.colorbar(image, ax=ax, label="share of the row (%)", shrink=0.85, pad=0.02)
    name_size = float(np.clip(320 / len(answers), 5, 10))
    turned = max(len(str(name)) for name in answers) * len(answers) > 40
    fonts = {"fontsize": name_size, "fontfamily": font_families(answers)}
    ax.set_xticks(range(len(answers)), answers, rotation=90 if turned else 0, **fonts)
    ax.set_yticks(range(len(names)), names, **fonts)
    ax.set_xlabel("answer")
    ax.set_ylabel("true label")
    ax.set_title(f"accuracy {np.mean(labels == predicted):.1%} of {len(labels):,}".replace("%", " %"))
    ax.tick_params(length=0)
    _write_cells(ax, counts if values == "counts" else shares, shares)
    return ax


def _count(labels: np.ndarray, predicted: np.ndarray) -> tuple[list, list, np.ndarray]:
    """The labels (rows), the answers (columns: the labels, then what is never true), and how often they met."""
    names, rows = np.unique(labels, return_inverse=True)
    answers = np.concatenate([names, np.setdiff1d(predicted, names)])
    order = np.argsort(answers)
    columns = order[np.searchsorted(answers, predicted, sorter=order)]
    counts = np.bincount(rows * len(answers) + columns, minlength=len(names) * len(answers))
    return names.tolist(), answers.tolist(), counts.reshape(len(names), len(answers))


def _write_cells(ax: Axes, numbers: np.ndarray, shares: np.ndarray) -> None:
    """Writes the numbers that round to more than zero, in the largest size that fits a cell."""
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    cell = ax.get_window_extent().width * 72 / figure.dpi / numbers.shape[1]
    digits = len(str(round(numbers.max())))
    font_size = min(10.0, 0.55 * cell, 1.4 * cell / digits)
    if font_size < SMALLEST_FONT:
        return
    for row, column in np.argwhere(np.round(numbers) > 0):
        colour = "white" if shares[row, column] > 55 else "black"
        number = f"{numbers[row, column]:.0f}"
        ax.text(column, row, number, ha="center", va="center", fontsize=font_size, color=colour)
