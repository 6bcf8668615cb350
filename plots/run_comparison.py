"""Runs side by side: their best epochs in a table, their curves in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from comparators.plots.axes import axes_or_new
from comparators.plots.palette import COLOURS, GREY
from comparators.plots.text_layout import shorten
from comparators.plots.training_history import History, best_is_highest, name_and_scale, read_history

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE_STYLES = ("-", "--", ":", "-.")
MAX_LEGEND_ROWS = 24


def compare_runs(runs: Mapping[str, History], monitor: str = "val_loss", mode: str | None = None) -> pd.DataFrame:
    """Compares trainings by one figure.

    Args:
        runs: name of the run -> what `model.fit` returned, its `.history`, or the path of a `CSVLogger`'s file.
        monitor: name of the figure, as in the logs.
        mode: "min" or "max", what is best; None goes by the name where that tells (loss, eer, accuracy, auc, ...).

    Returns:
        A row for each run, the best first, with the columns `best` (value), `best_epoch` (from 1; the first of equal
        ones), `last` (value after the last epoch) and `epochs`. A run without any value comes last.

    Raises:
        ValueError: if there is no run, one has no such figure, or it is not known what is best.
        FileNotFoundError: if a file is missing.

    Example:
        >>> runs = {"small": {"val_eer": [0.3, 0.2, 0.25]}, "large": {"val_eer": [0.3, 0.1]}}
        >>> print(compare_runs(runs, "val_eer"))
               best  best_epoch  last  epochs
        run
        large   0.1           2  0.10       2
        small   0.2           2  0.25       3
    """
    highest = best_is_highest(monitor, mode)
    rows = {name: _best(curve, highest) for name, curve in _curves(runs, monitor).items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["best", "best_epoch", "last", "epochs"])
    table = table.rename_axis("run").astype({"best_epoch": int, "epochs": int})
    return table.sort_values("best", ascending=not highest, kind="stable")


def run_curves(
    runs: Mapping[str, History], monitor: str = "val_loss", mode: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draws one figure of several trainings over their epochs, with a dot at the best epoch of each.

    Args:
        runs: see `compare_runs`.
        monitor: name of the figure, as in the logs.
        mode: see `compare_runs`.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes; the legend names the runs with their best values, the best first.

    Raises:
        ValueError: see `compare_runs`.
        FileNotFoundError: if a file is missing.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = run_curves({"small": {"val_eer": [0.3, 0.2]}, "large": {"val_eer": [0.3, 0.1]}}, "val_eer")
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['large: 10.00 % in epoch 2', 'small: 20.00 % in epoch 2']
        >>> plt.close(ax.figure)
    """
    from matplotlib.ticker import MaxNLocator

    best = compare_runs(runs, monitor, mode)
    curves = _curves(runs, monitor)
    columns = -(-len(best) // MAX_LEGEND_ROWS)
    ax = axes_or_new(ax, 6.4 + 3.6 * columns, 4.6)
    axis_name, scale = name_and_scale(monitor, np.concatenate(list(curves.values())))
    for i, (name, row) in enumerate(best.iterrows()):
        values = scale * curves[name].dropna()
        value = f"{scale * row.best:.2f} %" if scale == 100 else f"{row.best:.4g}"
        label = f"{shorten(str(name), 44)}: " + (
            f"{value} in epoch {row.best_epoch:.0f}" if len(values) else "no value"
        )
        style = LINE_STYLES[i // len(COLOURS) % len(LINE_STYLES)]
        colour = COLOURS[i % len(COLOURS)]
        ax.plot(values.index, values, style, color=colour, linewidth=1.5, label=label)
        ax.plot(row.best_epoch, scale * row.best, "o", color=colour, markersize=6, markeredgecolor="white")
    ax.set_xlabel("epoch")
    ax.set_ylabel(axis_name)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    ax.grid(color=GREY, alpha=0.25)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0, fontsize=8, frameon=False, ncols=columns)
    return ax


def _curves(runs: Mapping[str, History], monitor: str) -> dict[str, pd.Series]:
    if not len(runs):
        raise ValueError("`runs` must hold at least one run. Received: none.")
    tables = {name: read_history(history) for name, history in runs.items()}
    for name, table in tables.items():
        if monitor not in table:
            raise ValueError(
                f"Run {name!r} must have a figure `{monitor}`. Received: {', '.join(table.columns)}. Set `monitor`."
            )
    return {name: table[monitor] for name, table in tables.items()}


def _best(curve: pd.Series, highest: bool) -> tuple[float, int, float, int]:
    if curve.isna().all():
        return np.nan, 0, np.nan, len(curve)
    epoch = curve.idxmax() if highest else curve.idxmin()
    return curve[epoch], epoch, curve.iloc[-1], len(curve)
