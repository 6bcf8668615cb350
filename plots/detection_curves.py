"""Trade-off between false accepts and false rejects over all thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from comparators.metrics.verification import det_points, equal_error_rate, roc_auc
from comparators.plots.axes import axes_or_new
from comparators.plots.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DET_TICKS = (0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40, 60, 80, 90, 95, 98, 99)
CURVE = "detection_curve"  # marks the lines of systems among the lines of the Axes


def det_curve(scores: ArrayLike, same: ArrayLike, name: str | None = None, ax: Axes | None = None) -> Axes:
    """Draws a detection error trade-off curve: false rejects over false accepts on normal-deviate axes.

    Systems with normal scores give straight lines, and small error rates get as much room as large ones. For several
    systems call it again with the `ax` that it returned.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.
        name: name of the system in the legend.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes; its coordinates are normal deviates of rates, its ticks are in percent.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> same = [False, True, False, True]
        >>> ax = det_curve([0.1, 0.4, 0.6, 0.9], same, name="first")
        >>> ax = det_curve([0.1, 0.4, 0.3, 0.9], same, name="second", ax=ax)
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['first (EER 50.0 %)', 'second (EER 0.0 %)']
        >>> plt.close(ax.figure)

    Reference:
        Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
    """
    rate = equal_error_rate(scores, same)
    far, frr, _ = det_points(scores, same)
    ax = axes_or_new(ax, 5.6, 5.4)
    colour = _next_colour(ax)
    shown = (far > 0) & (far < 1) & (frr > 0) & (frr < 1)  # a rate of 0 lies infinitely far out
    legend = _legend_name(name, f"EER {100 * rate:.1f} %")
    ax.plot(ndtri(far[shown]), ndtri(frr[shown]), color=colour, linewidth=1.6, label=legend, gid=CURVE)
    if 0 < rate < 1:
        ax.plot(ndtri(rate), ndtri(rate), "o", color=colour, markersize=5, gid=f"{CURVE}_eer")
    _deviate_axes(ax)
    ax.legend(loc="best", fontsize=8)
    return ax


def roc_curve(scores: ArrayLike, same: ArrayLike, name: str | None = None, ax: Axes | None = None) -> Axes:
    """Draws a receiver operating characteristic: same pairs accepted over different pairs accepted.

    For several systems call it again with the `ax` that it returned. For small error rates see `det_curve`.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.
        name: name of the system in the legend.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes, both in percent.

    Raises:
        ValueError: if there are NaN scores, two lengths, or only one kind of pair.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = roc_curve([0.1, 0.4, 0.6, 0.9], [False, True, False, True], name="first")
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['first (AUC 0.750)', 'guessing']
        >>> plt.close(ax.figure)
    """
    legend = _legend_name(name, f"AUC {roc_auc(scores, same):.3f}")
    far, frr, _ = det_points(scores, same)
    ax = axes_or_new(ax, 5.6, 5.4)
    colour = _next_colour(ax)
    guessing = [line for line in ax.lines if line.get_label() == "guessing"]
    for line in guessing:
        line.remove()
    ax.plot(100 * far, 100 * (1 - frr), color=colour, linewidth=1.6, label=legend, gid=CURVE)
    ax.plot([0, 100], [0, 100], color="black", linewidth=0.8, linestyle=":", label="guessing")
    ax.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal")
    ax.set_xlabel("false accepts: different pairs accepted (%)")
    ax.set_ylabel("true accepts: same pairs accepted (%)")
    ax.legend(loc="lower right", fontsize=8)
    return ax


def _legend_name(name: str | None, figure: str) -> str:
    return figure if name is None else f"{name} ({figure})"


def _next_colour(ax: Axes) -> str:
    return COLOURS[sum(line.get_gid() == CURVE for line in ax.lines) % len(COLOURS)]


def _deviate_axes(ax: Axes) -> None:
    """Limits that show all curves down to the smallest rates, ticks in percent, and the line of equal errors."""
    drawn = [line.get_xydata() for line in ax.lines if (line.get_gid() or "").startswith(CURVE)]
    rates = ndtri(np.array([0.01, 0.5, 60.0, 99.0]) / 100)
    deviates = np.concatenate([points for points in drawn if len(points)] or [rates[1:2, None].repeat(2, 1)])
    low = np.clip(deviates.min() - 0.1, rates[0], rates[1])
    worst = max((line.get_xdata()[0] for line in ax.lines if line.get_gid() == f"{CURVE}_eer"), default=low)
    high = rates[3] if worst > ndtri(0.4) else rates[2]
    ticks = [tick for tick in DET_TICKS if low <= ndtri(tick / 100) <= high]
    names = [f"{tick:g}" for tick in ticks]
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    ax.set_xticks(ndtri(np.array(ticks) / 100), names)
    ax.set_yticks(ndtri(np.array(ticks) / 100), names)
    ax.grid(alpha=0.3)
    ax.axline((0, 0), slope=1, color="black", linewidth=0.6, linestyle=":")
    ax.set_xlabel("false accept rate (%)")
    ax.set_ylabel("false reject rate (%)")
