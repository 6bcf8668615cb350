"""The best answers for one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.font_families import font_families
from comparators.plots.palette import COLOURS
from comparators.plots.text_layout import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def top_scores(
    labels: ArrayLike,
    scores: ArrayLike,
    k: int = 10,
    threshold: float | None = None,
    true_label: str | int | None = None,
    name: str = "score",
    ax: Axes | None = None,
) -> Axes:
    """Draws the `k` highest scores as bars, the highest at the top, each with its label and number.

    Use it for one item's scores with all labels or items, or one row of `KNNRecognizer.predict_proba`.

    Args:
        labels: what each score is for `(n,)`.
        scores: higher for more alike `(n,)`.
        k: how many are drawn.
        threshold: score from which on an answer is accepted, drawn as a line; None for none.
        true_label: its bars are drawn in green; None for none.
        name: what the scores are, written at the axis.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: if lengths differ, there is nothing, a score is not finite, or `k` is not positive.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = top_scores(["ann", "bob", "eve"], [0.1, 0.9, 0.4], k=2, true_label="bob")
        >>> [text.get_text() for text in ax.get_yticklabels()], [text.get_text() for text in ax.texts]
        (['bob', 'eve'], ['0.90', '0.40'])
        >>> plt.close(ax.figure)
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape or not scores.size or not np.isfinite(scores).all():
        raise ValueError(
            "`labels` and `scores` must be two one-dimensional arrays of one length, not empty, the scores finite. "
            f"Received: shapes {labels.shape} and {scores.shape}, {np.count_nonzero(~np.isfinite(scores))} not finite."
        )
    if k < 1:
        raise ValueError(f"`k` must be positive. Received: k={k}.")
    best = np.argsort(-scores, kind="stable")[:k]
    ax = axes_or_new(ax, 6.0, 1.0 + 0.27 * len(best))
    colours = [COLOURS[2] if true_label is not None and label == true_label else COLOURS[0] for label in labels[best]]
    bars = ax.barh(range(len(best)), scores[best], color=colours, height=0.7)
    ax.bar_label(bars, [f"{score:.2f}" for score in scores[best]], padding=3, fontsize=8)
    names = [shorten(str(label), 40) for label in labels[best]]
    ax.set_yticks(range(len(best)), names, fontsize=9, fontfamily=font_families(names))
    ax.set_ylim(len(best) - 0.4, -0.6)
    ax.margins(x=0.12)  # room for the numbers
    ax.axvline(0, color="black", linewidth=0.8)
    if threshold is not None:
        ax.axvline(threshold, color="black", linestyle="--", linewidth=1.2)
        ax.set_title(f"threshold {threshold:.2f} (dashed)", fontsize=9)
    ax.set_xlabel(name)
    ax.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return ax
