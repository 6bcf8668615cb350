"""Where a transformer looks, over time and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.patches import check_lengths, check_picture, draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ATTENTION_COLOUR_MAP = "viridis"


def attention(
    spectrogram: ArrayLike,
    weights: ArrayLike,
    frame_seconds: float = 0.01,
    ax: Axes | None = None,
    patch_size: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
) -> Axes:
    """Draws a spectrogram, and under it the attention of one token to each patch; the sums over time and frequency.

    Args:
        spectrogram: `(frames, bands)`.
        weights: attention of the class token (or of another) to the patches `(rows, columns)`, the lowest bands first;
            or of each head, `(heads, rows, columns)`, of which the mean is drawn.
        frame_seconds: from frame to frame.
        ax: Axes whose place is taken; None makes a new figure.
        patch_size: bands and frames of a patch, such as `ast.trunk.patches.patch_size` (times 2 for each convolution of
            a stem); None for patches side by side that fill the spectrogram.
        stride: bands and frames from patch to patch, such as `ast.trunk.patches.stride`; None for `patch_size`. The
            attention to a patch is drawn at its middle, as wide as the stride, so that overlapping patches are told
            apart.

    Returns:
        The Axes; `ax.child_axes` holds those of the spectrogram, of the attention, of its sum over frequency and of its
        sum over time.

    Raises:
        ValueError: a shape is another, a weight is negative or not finite, or so many patches do not fit.

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
    heights, times = _edges(weights.shape, (bands, values.shape[0]), patch_size, stride)
    times = times * frame_seconds
    ax = axes_or_new(ax, 8.0, 5.0)
    ax.set_axis_off()
    sound, looked = ax.inset_axes([0, 0.65, 0.82, 0.35]), ax.inset_axes([0, 0.21, 0.82, 0.35])
    over_time, over_bands = ax.inset_axes([0, 0.04, 0.82, 0.13]), ax.inset_axes([0.84, 0.21, 0.16, 0.35])
    draw_picture(sound, values, frame_seconds)
    sound.set_xlabel("")
    extent = (times[0], times[-1], heights[0], heights[-1])
    looked.imshow(weights, origin="lower", aspect="auto", extent=extent, cmap=ATTENTION_COLOUR_MAP, vmin=0)
    looked.set(xlim=(0, seconds), ylim=(0, bands), ylabel="mel band")
    looked.set_title("attention", fontsize=9, pad=3)
    over_time.stairs(weights.sum(axis=0), times, fill=True)
    over_time.set(xlim=(0, seconds), xlabel="time (s)", ylabel="sum")
    over_time.locator_params("y", nbins=2)
    over_bands.stairs(weights.sum(axis=1), heights, fill=True, orientation="horizontal")
    over_bands.set(ylim=(0, bands), xlabel="sum")
    over_bands.locator_params("x", nbins=2, prune="lower")  # the zero would run into the spectrogram
    over_bands.tick_params(labelleft=False, bottom=False, labelbottom=False, top=True, labeltop=True)
    over_bands.xaxis.set_label_position("top")
    for panel in (sound, looked):
        panel.tick_params(labelbottom=False)
    return ax


def _edges(
    grid: tuple[int, int],
    sizes: tuple[int, int],
    patch_size: tuple[int, int] | None,
    stride: tuple[int, int] | None,
) -> list[np.ndarray]:
    """Where the cells of bands and those of frames begin and end."""
    if patch_size is None:
        if stride is not None or any(size % count for size, count in zip(sizes, grid, strict=True)):
            raise ValueError(
                f"`patch_size` must be given where patches overlap or do not fill {sizes} bands and frames. Received: "
                f"{grid[0]} x {grid[1]} patches. Give the network's, and its stride."
            )
        patch_size = tuple(size // count for size, count in zip(sizes, grid, strict=True))
    patch_size = check_lengths("patch_size", patch_size)
    stride = patch_size if stride is None else check_lengths("stride", stride)
    needed = tuple(patch + (count - 1) * step for patch, count, step in zip(patch_size, grid, stride, strict=True))
    if needed[0] > sizes[0] or needed[1] > sizes[1]:
        raise ValueError(
            f"{grid[0]} x {grid[1]} patches must fit in {sizes} bands and frames. Received: patch_size={patch_size}, "
            f"stride={stride}, which make {needed}."
        )
    return [
        np.arange(count + 1) * step + (patch - step) / 2
        for count, step, patch in zip(grid, stride, patch_size, strict=True)
    ]


def _check_weights(weights: ArrayLike) -> np.ndarray:
    values = np.asarray(weights, np.float64)
    if values.ndim not in (2, 3) or not values.size or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(
            "`weights` must be finite attention, (rows, columns) or (heads, rows, columns), none negative. "
            f"Received: shape {values.shape}."
        )
    return values if values.ndim == 2 else values.mean(axis=0)
