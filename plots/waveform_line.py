"""A waveform over its seconds, as a part of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_COLUMNS = 2000  # a waveform has more samples than a screen has pixels


def check_waveform(samples: ArrayLike) -> np.ndarray:
    """Returns a waveform as float32, or says what is wrong with it.

    Args:
        samples: `(samples,)`.

    Returns:
        `(samples,)` float32.

    Raises:
        ValueError: it is empty, not one-dimensional or not finite.

    Example:
        >>> check_waveform([0, 1]).dtype
        dtype('float32')
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1 or not samples.size or not np.isfinite(samples).all():
        raise ValueError(
            "`samples` must be a finite waveform of one channel, `(samples,)`, not empty. "
            f"Received: shape {samples.shape} with {np.count_nonzero(~np.isfinite(samples))} values NaN or infinite."
        )
    return samples


def draw_waveform(ax: Axes, samples: np.ndarray, sample_rate: int) -> None:
    """Draws the lowest and highest sample of each column, or the samples themselves where they are few.

    Args:
        ax: Axes to draw in; seconds to the right, amplitude upwards.
        samples: as `check_waveform` returns them.
        sample_rate: in Hz.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> draw_waveform(ax, np.ones(100_000, "float32"), 16000)
        >>> len(ax.collections), ax.get_ylabel()
        (1, 'amplitude')
    """
    step = -(-len(samples) // MAX_COLUMNS)
    starts = np.arange(0, len(samples), step)
    seconds = (starts + (step - 1) / 2) / sample_rate
    if step == 1:
        ax.plot(seconds, samples, color=COLOURS[0], linewidth=0.8)
    else:
        low, high = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
        ax.fill_between(seconds, low, high, color=COLOURS[0], linewidth=0.3)
    peak = max(float(np.abs(samples).max()), 1e-3)
    ax.set_ylim(-1.1 * peak, 1.1 * peak)
    ax.set_ylabel("amplitude")
