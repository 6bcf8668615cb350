"""Where a transformer looks, over time and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.patches import check_picture, draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ATTENTION_COLOUR_MAP = "viridis"


def attention(spectrogram: ArrayLike, weights: ArrayLike, frame_seconds: float = 0.01, ax: Axes | None = None) -> Axes:
    """Draws a spectrogram, and under it the attention of one token to each patch; the sums over time and frequency.

    Args:
        spectrogram: `(frames, bands)`.
        weights: attention of the class token (or of another) to the patches `(rows, columns)`, the lowest bands first;
            or of each head, `(heads, rows, columns)`, of which the mean is drawn.
        frame_seconds: from frame to frame.
        ax: Axes whose place is taken; None makes a new figure.

    Returns:
        The Axes; `ax.child_axes` holds those of the spectrogram, of the attention, of its sum over frequency and of its
        sum over time.

    Raises:
        ValueError: a shape is another, or a weight is negative or not finite.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = attention(np.random.default_rng(0).normal(size=(96, 64)), np.full((4, 6), 1 / 24))
        >>> [child.get_ylabel() for child in ax.child_axes[:2]]
        ['mel band', 'mel band']
        >>> plt.close(ax.figure)

    Reference:
        Gong et al. 2021, AST: audio spectrogram transformer.
    """
    values, weights = check_picture(spectrogram), _check_weights(weights)
    if values.ndim != 2:
        raise ValueError(f"`spectrogram` must be (frames, bands). Received: shape {values.shape}.")
    seconds, bands = values.shape[0] * frame_seconds, values.shape[1]
    rows, columns = weights.shape
    ax = axes_or_new(ax, 8.0, 5.0)
    ax.set_axis_off()
    sound, looked = ax.inset_axes([0, 0.62, 0.82, 0.38]), ax.inset_axes([0, 0.2, 0.82, 0.38])
    over_time, over_bands = ax.inset_axes([0, 0.04, 0.82, 0.13]), ax.inset_axes([0.84, 0.2, 0.16, 0.38])
    draw_picture(sound, values, frame_seconds)
    sound.set_xlabel("")
    looked.imshow(
        weights, origin="lower", aspect="auto", extent=(0, seconds, 0, bands), cmap=ATTENTION_COLOUR_MAP, vmin=0
    )
    looked.set_ylabel("mel band")
    times, places = np.linspace(0, seconds, columns + 1), np.linspace(0, bands, rows + 1)
    over_time.stairs(weights.sum(axis=0), times, fill=True)
    over_time.set(xlim=(0, seconds), xlabel="time (s)", yticks=[])
    over_bands.stairs(weights.sum(axis=1), places, fill=True, orientation="horizontal")
    over_bands.set(ylim=(0, bands), xticks=[], title="attention")
    over_bands.tick_params(labelleft=False)
    for panel in (sound, looked):
        panel.tick_params(labelbottom=False)
    return ax


def _check_weights(weights: ArrayLike) -> np.ndarray:
    values = np.asarray(weights, np.float64)
    if values.ndim not in (2, 3) or not values.size or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(
            "`weights` must be finite attention, (rows, columns) or (heads, rows, columns), none negative. "
            f"Received: shape {values.shape}."
        )
    return values if values.ndim == 2 else values.mean(axis=0)
