"""Scores of pairs of the same label against those of different labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.trials import check_trials
from comparators.metrics.verification import equal_error_rate, error_rates
from comparators.plots.axes import axes_or_new
from comparators.plots.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def score_histogram(
    scores: ArrayLike, same: ArrayLike, threshold: float | None = None, num_bins: int = 60, ax: Axes | None = None
) -> Axes:
    """Draws the scores of same-label and different-label pairs, with the threshold and the errors that it makes.

    Each of the two histograms sums to 100 %, as there are many more pairs of different labels.

    Args:
        scores: similarity of each pair `(n,)`.
        same: True where the pair has the same label `(n,)`.
        threshold: pairs are accepted at this score or above; None for the threshold of the equal error rate.
        num_bins: number of bins over the range of all scores.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: if a score is not finite, there is only one kind of pair, or a length or setting is wrong.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = score_histogram([0.1, 0.3, 0.7, 0.9], [False, False, True, True], threshold=0.5)
        >>> ax.get_title()
        'EER 0.0 %'
        >>> plt.close(ax.figure)
    """
    scores, same = check_trials(scores, same)
    if not np.isfinite(scores).all():
        raise ValueError(f"`scores` must be finite to be drawn. Received: {np.isinf(scores).sum()} infinite values.")
    if num_bins < 1:
        raise ValueError(f"`num_bins` must be positive. Received: num_bins={num_bins}.")
    far, frr, thresholds = error_rates(scores, same)
    at = int(np.argmax(frr >= far)) if threshold is None else int(np.searchsorted(thresholds, threshold))
    value = thresholds[at] if threshold is None else threshold
    ax = axes_or_new(ax, 7.0, 4.2)
    edges = np.histogram_bin_edges(scores, num_bins)
    for kind, name, colour in ((~same, "different", COLOURS[1]), (same, "same", COLOURS[0])):
        counts, _ = np.histogram(scores[kind], edges)
        legend = f"{name} ({counts.sum():,} pairs)"
        ax.stairs(100 * counts / counts.sum(), edges, fill=True, alpha=0.35, color=colour)
        ax.stairs(100 * counts / counts.sum(), edges, color=colour, linewidth=1.4, label=legend)
    errors = f"threshold {value:.3f}: {far[at]:.1%} false accepts, {frr[at]:.1%} false rejects".replace("%", " %")
    ax.axvline(value, ymax=0.75, color="black", linestyle="--", linewidth=1.2, label=errors)
    ax.set_title(f"EER {100 * equal_error_rate(scores, same):.1f} %")
    ax.set_xlabel("score")
    ax.set_ylabel("share of pairs per bin (%)")
    ax.set_ylim(0, 1.38 * ax.get_ylim()[1])  # room for the legend above the curves
    ax.legend(loc="upper center", fontsize=8, frameon=False)
    return ax
