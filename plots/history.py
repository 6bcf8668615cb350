"""Curves of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from comparators.plots.axes import axes_or_new
from comparators.plots.palette import COLOURS, GREY
from comparators.plots.training_history import History, name_and_scale, read_history

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What a name starts with -> what its curve is called, and its colour.
CURVES = {
    "val_seen_": ("validation, seen labels", COLOURS[2]),
    "val_unseen_": ("validation, unseen labels", COLOURS[3]),
    "val_": ("validation", COLOURS[1]),
    "": ("training", COLOURS[0]),
}
PANEL_WIDTH, PANEL_HEIGHT = 3.6, 2.6  # inches
GAP_WIDTH, GAP_HEIGHT = 0.75, 0.95  # inches, room for the numbers and names of the next panel


def history(history: History, ax: Axes | None = None) -> Axes:
    """Draws the figures of a training over its epochs: a panel for each kind, training and validation in one.

    Error rates, accuracies, precisions and recalls are drawn in percent, the learning rate on a logarithmic scale.

    Args:
        history: what `model.fit` returns, its `.history`, or the path of a `CSVLogger`'s file, see `read_history`.
        ax: Axes whose place is taken; None makes a new figure.

    Returns:
        The Axes; `ax.child_axes` holds a panel for each kind, the loss first.

    Raises:
        ValueError: if `history` holds no epochs, or no numbers.
        FileNotFoundError: if there is no such file.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = history({"loss": [2.0, 1.0], "val_loss": [2.2, 1.4], "val_eer": [0.3, 0.2]})
        >>> [(panel.get_title(), len(panel.lines)) for panel in ax.child_axes]
        [('loss', 2), ('EER (%)', 1)]
        >>> plt.close(ax.figure)
    """
    table = read_history(history)
    kinds: dict[str, list[str]] = {}
    for name in table.columns:
        kinds.setdefault(name.removeprefix(_start(name)), []).append(name)
    order = sorted(kinds, key=lambda kind: (kind != "loss", "learning_rate" in kind))
    columns = min(len(order), 3 if len(order) != 4 else 2)
    rows = -(-len(order) // columns)
    ax = axes_or_new(ax, columns * (PANEL_WIDTH + GAP_WIDTH), rows * (PANEL_HEIGHT + GAP_HEIGHT))
    ax.set_axis_off()
    box = ax.get_window_extent().transformed(ax.get_figure(root=True).dpi_scale_trans.inverted())
    gap_x, gap_y = min(0.5, GAP_WIDTH / box.width), min(0.5, GAP_HEIGHT / box.height)
    width, height = (1 - (columns - 1) * gap_x) / columns, (1 - (rows - 1) * gap_y) / rows
    for i, kind in enumerate(order):
        row, column = divmod(i, columns)
        place = (column * (width + gap_x), 1 - height - row * (height + gap_y), width, height)
        _draw_kind(ax.inset_axes(place), kind, table[kinds[kind]])
    return ax


def _start(name: str) -> str:
    return next(start for start in CURVES if name.startswith(start))


def _draw_kind(panel: Axes, kind: str, table: pd.DataFrame) -> None:
    from matplotlib.ticker import MaxNLocator

    title, scale = name_and_scale(kind, table.to_numpy())
    for name in table.columns:
        label, colour = CURVES[_start(name)]
        values = scale * table[name].dropna()
        marker = "o" if len(values) <= 40 else None
        panel.plot(values.index, values, color=colour, marker=marker, markersize=3.5, linewidth=1.4, label=label)
    panel.set_title(title, fontsize=11)
    panel.set_xlabel("epoch")
    panel.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    panel.grid(color=GREY, alpha=0.25)
    if "learning_rate" in kind and np.nanmin(table.to_numpy()) > 0:
        panel.set_yscale("log")
    panel.legend(fontsize=8, frameon=False)
