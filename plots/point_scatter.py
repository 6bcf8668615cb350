"""Points of the plane, coloured by label."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.font_families import font_families
from comparators.plots.palette import GREY, label_styles
from comparators.plots.text_layout import write_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNLABELLED = (-1, "-1", "", "nan", "None", "unknown", "noise")
MAX_NAMED = 60
MAX_LEGEND_ROWS = 24
NAMES_INSIDE_FROM = 13


def point_scatter(
    points: ArrayLike,
    labels: ArrayLike | None = None,
    unlabelled: Sequence[Hashable] = UNLABELLED,
    ax: Axes | None = None,
    rings: Sequence[Hashable] = (),
) -> Axes:
    """Draws points coloured by label, with a legend outside, and from 13 labels on with their names at their centres.

    Up to 60 labels differ by colour and marker and are named; more are drawn with repeating styles and without names.

    Args:
        points: positions `(n, 2)`.
        labels: label of each point `(n,)`; None for all unlabelled.
        unlabelled: labels that mean none, noise or unknown; these points are small, grey and behind the others.
        ax: Axes to draw in; None makes a new figure.
        rings: labels drawn hollow, such as those that a model was not trained on.

    Returns:
        The Axes.

    Raises:
        ValueError: if shapes do not match, or a point is not finite.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = point_scatter([[0, 0], [1, 1], [1, 0]], ["ann", "bob", "unknown"])
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['ann', 'bob', 'unknown (1)']
        >>> plt.close(ax.figure)
    """
    points = np.asarray(points, np.float64)
    labels = np.full(len(points), "", object) if labels is None else np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1] or not points.size:
        raise ValueError(
            "`points` must be `(n, 2)` with one of `labels` for each row, and not empty. "
            f"Received: shapes {points.shape} and {labels.shape}."
        )
    if not np.isfinite(points).all():
        raise ValueError(
            f"`points` must be finite. Received: {(~np.isfinite(points)).any(axis=1).sum()} rows that are not."
        )
    nameless = np.isin(labels.astype(str), [str(label) for label in unlabelled])
    names = np.unique(labels[~nameless]).tolist()
    columns = _legend_columns(len(names))
    ax = axes_or_new(ax, 6.4 + 1.3 * columns, 6.4)
    size = float(np.clip(9000 / len(points), 8, 60))
    for name, (colour, marker) in label_styles(names).items():
        hollow = name in rings
        ax.scatter(
            *points[labels == name].T,
            s=size,
            facecolors="none" if hollow else colour,
            edgecolors=colour if hollow else "white",
            linewidths=1.3 if hollow else 0.4,
            marker=marker,
            label=str(name),
        )
    if nameless.any():
        ax.scatter(*points[nameless].T, s=size / 2, c=GREY, linewidths=0, label=_grey_name(labels[nameless]), zorder=1)
    ax.margins(0.06)
    if columns:
        _legend_outside(ax, columns)
    if NAMES_INSIDE_FROM <= len(names) <= MAX_NAMED:
        tops = np.stack([_top(points[labels == name]) for name in names])
        colours = [colour for colour, _ in label_styles(names).values()]
        write_names(ax, tops, [str(name) for name in names], colours, 8 if len(names) <= 30 else 7)
    return ax


def _top(points: np.ndarray) -> np.ndarray:
    """Where a label's name belongs: over the middle of its points, at the height that three quarters stay under."""
    return np.array([np.median(points[:, 0]), np.quantile(points[:, 1], 0.75)])


def _legend_columns(num_names: int) -> int:
    return -(-(num_names + 1) // MAX_LEGEND_ROWS) if 0 < num_names <= MAX_NAMED else 0


def _grey_name(labels: np.ndarray) -> str:
    """What the legend calls the grey points, with their number: their own label where they all have the same."""
    names = set(labels.astype(str))
    name = names.pop() if len(names) == 1 else "unlabelled"
    return f"{'noise' if name == '-1' else name or 'unlabelled'} ({len(labels)})"


def _legend_outside(ax: Axes, columns: int) -> None:
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0,
        ncols=columns,
        prop={"size": 8, "family": font_families(ax.get_legend_handles_labels()[1])},
        frameon=False,
        handletextpad=0.2,
        columnspacing=1.0,
    )
