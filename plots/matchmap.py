"""Where and when an image and a sound match."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.image_cells import small_image
from comparators.plots.waveform_line import check_waveform, draw_waveform

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

COLOUR_MAP = "plasma"  # no black and no white, which images are full of
FAINTEST, STRONGEST = 0.1, 0.8  # how much of the image the heat covers, at the lowest and the highest score
DARKER, BRIGHTER = -90, 330  # greys that are drawn black and white; an image has 0 to 255
OVER_TIME = {"max": np.max, "mean": np.mean}


def matchmap(
    image: ArrayLike | str | PathLike,
    samples: ArrayLike,
    scores: ArrayLike,
    sample_rate: int = 16000,
    frame_seconds: float | None = None,
    over_time: str = "max",
    ax: Axes | None = None,
) -> Axes:
    """Draws an image with heat where a sound matches it, and the sound's waveform with heat when it matches the image.

    The heat under the waveform is the score of the best place at each moment. A ring and a dotted line mark the place
    and the moment with the highest score of all.

    Args:
        image: a path, or uint8 `(height, width)`, `(height, width, 1)` or `(height, width, 3)`.
        samples: waveform `(samples,)`.
        scores: the matchmap, of each place with each moment `(rows, columns, frames)`, higher for a better match. Cut
            off the frames of padding before.
        sample_rate: in Hz.
        frame_seconds: how long a frame of the matchmap lasts. None spreads all frames over the whole waveform.
        over_time: what the heat over the image is: "max", each place's score at its best moment, or "mean".
        ax: Axes whose place is taken; None makes a new figure.

    Returns:
        The Axes; `ax.child_axes` holds those of the image, of the colour bar, of the waveform and of the heat over
        time.

    Raises:
        ValueError: if the waveform or the matchmap is empty, of another shape or not finite, or an argument is out of
            its range.
        FileNotFoundError: if the image's file is missing.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> scores = np.random.default_rng(0).normal(size=(4, 4, 10))
        >>> ax = matchmap(np.zeros((28, 28), "uint8"), np.sin(np.arange(8000) / 5), scores)
        >>> [child.get_xlabel() for child in ax.child_axes]
        ['', 'score, best moment', '', 'time (s)']
        >>> plt.close(ax.figure)

    Reference:
        Harwath, Recasens, Surís, Chuang, Torralba and Glass, "Jointly discovering visual objects and spoken words from
        raw sensory input", ECCV 2018.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.ticker import MaxNLocator

    samples, scores = check_waveform(samples), _check_scores(scores)
    if over_time not in OVER_TIME:
        raise ValueError(f'`over_time` must be "max" or "mean". Received: over_time={over_time!r}.')
    if sample_rate <= 0 or (frame_seconds is not None and frame_seconds <= 0):
        raise ValueError(
            "`sample_rate` and `frame_seconds` must be positive. "
            f"Received: sample_rate={sample_rate}, frame_seconds={frame_seconds}."
        )
    picture = small_image(image)
    seconds = len(samples) / sample_rate
    frame_seconds = frame_seconds or seconds / scores.shape[2]
    row, column, frame = np.unravel_index(scores.argmax(), scores.shape)
    place = (column + 0.5) / scores.shape[1], (row + 0.5) / scores.shape[0]

    ax = axes_or_new(ax, 8.5, 3.3)
    ax.set_axis_off()
    over_image = ax.inset_axes([0, 0.12, 0.33, 0.88])
    of_places, of_moments = OVER_TIME[over_time](scores, axis=2), scores.max(axis=(0, 1))
    low, high = min(of_places.min(), of_moments.min()), of_moments.max()
    colours = ScalarMappable(Normalize(low, high if high > low else low + max(abs(low), 1.0)), COLOUR_MAP)
    _draw_image(over_image, picture, of_places, place, colours)
    colour_bar = ax.inset_axes([0.03, 0.04, 0.27, 0.04])
    label = {"max": "score, best moment", "mean": "score, mean over time"}[over_time]
    ax.figure.colorbar(colours, cax=colour_bar, orientation="horizontal", label=label, ticks=MaxNLocator(4))
    waveform = ax.inset_axes([0.43, 0.55, 0.57, 0.45])
    draw_waveform(waveform, samples, sample_rate)
    waveform.tick_params(labelbottom=False)
    over_seconds = ax.inset_axes([0.43, 0.04, 0.57, 0.45], sharex=waveform)
    _draw_seconds(over_seconds, of_moments, frame_seconds, colours)
    for panel in (waveform, over_seconds):
        panel.yaxis.set_label_coords(-0.11, 0.5)
        panel.axvline((frame + 0.5) * frame_seconds, color="black", linewidth=1, linestyle=":")
    waveform.set_xlim(0, seconds)
    return ax


def _check_scores(scores: ArrayLike) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 3 or not scores.size or not np.isfinite(scores).all():
        raise ValueError(
            "`scores` must be a finite matchmap of one image and one sound, `(rows, columns, frames)`, not empty. "
            f"Received: shape {scores.shape} with {np.count_nonzero(~np.isfinite(scores))} values NaN or infinite."
        )
    return scores


def _draw_image(
    ax: Axes, picture: np.ndarray, heat: np.ndarray, best: tuple[float, float], colours: ScalarMappable
) -> None:
    """Draws an image under its heat; its sides are from 0 to 1, rows downwards."""
    # In greys, so that all colours are heat, and paler than it is: heat is lost on black and on white.
    grey = picture @ np.array([0.299, 0.587, 0.114])
    ax.imshow(grey, cmap="gray", vmin=DARKER, vmax=BRIGHTER, extent=(0, 1, 1, 0), interpolation="antialiased")
    share = (heat - heat.min()) / max(float(np.ptp(heat)), 1e-12)
    ax.imshow(
        heat,
        cmap=colours.cmap,
        norm=colours.norm,
        alpha=FAINTEST + (STRONGEST - FAINTEST) * share,
        extent=(0, 1, 1, 0),
        interpolation="bilinear",
    )
    for colour, width in (("black", 3), ("white", 1.5)):
        ax.plot(*best, "o", markersize=11, markerfacecolor="none", markeredgecolor=colour, markeredgewidth=width)
    ax.set_aspect(picture.shape[0] / picture.shape[1])
    ax.set_anchor("S")
    ax.set_xlim(0, 1)
    ax.set_ylim(1, 0)
    ax.set_xticks([])
    ax.set_yticks([])


def _draw_seconds(ax: Axes, heat: np.ndarray, frame_seconds: float, colours: ScalarMappable) -> None:
    """Draws a bar for each frame, in the colours of the heat."""
    # Scores may be negative, or all alike: bars stand on zero, or a little below the lowest.
    floor = 0.0 if heat.min() > 0 else float(heat.min()) - 0.1 * (float(np.ptp(heat)) or max(abs(float(heat[0])), 1.0))
    edges = np.arange(len(heat) + 1) * frame_seconds
    ax.bar(edges[:-1], heat - floor, frame_seconds, floor, align="edge", color=colours.to_rgba(heat))
    ax.stairs(heat, edges, baseline=None, color="black", linewidth=0.8)
    ax.set_ylim(floor, None)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("score, best place")
