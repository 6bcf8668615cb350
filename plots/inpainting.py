"""What a masked autoencoder fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.patches import check_colours, check_picture, draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES = {"masked": "seen", "inpainted": "filled in", "original": "original"}


def inpainting(
    pictures: Mapping[str, ArrayLike], item: int = 0, frame_seconds: float = 0.01, ax: Axes | None = None
) -> Axes:
    """Draws what an autoencoder saw of an item, what it filled in, and the item, side by side in the same colours.

    Args:
        pictures: `{"masked", "inpainted", "original"}`, of one role, as `CAVMAE.inpaint` returns them: spectrograms
            `(n, frames, bands)` or images `(n, height, width, channels)`, colours in pixels 0..255; NaN where hidden.
        item: which of them.
        frame_seconds: from frame to frame of a spectrogram.
        ax: Axes whose place is taken; None makes a new figure.

    Returns:
        The Axes; `ax.child_axes` holds those of the three pictures.

    Raises:
        ValueError: a picture is missing, of another shape or of normalised colours, or there is no such item.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> original = np.random.default_rng(0).normal(size=(1, 28, 28, 1))
        >>> ax = inpainting({"original": original, "masked": original, "inpainted": original})
        >>> [child.get_title() for child in ax.child_axes]
        ['seen', 'filled in', 'original']
        >>> plt.close(ax.figure)
    """
    missing = sorted(_TITLES.keys() - pictures.keys())
    if missing:
        raise ValueError(f"`pictures` must be of `CAVMAE.inpaint`. Received: none of {missing}.")
    count = len(pictures["original"])
    if not -count <= item < count:
        raise ValueError(f"`item` must be one of {count} pictures, counted from 0. Received: item={item}.")
    values = {name: check_picture(np.asarray(pictures[name])[item]) for name in _TITLES}
    check_colours(values["original"])
    sound = values["original"].ndim == 2
    ax = axes_or_new(ax, *((10.0, 2.6) if sound else (7.0, 2.5)))
    ax.set_axis_off()
    limits = float(np.min(values["original"])), float(np.max(values["original"]))
    for index, (name, title) in enumerate(_TITLES.items()):
        panel = ax.inset_axes([index * 0.345, 0.06, 0.31, 0.86])
        draw_picture(panel, values[name], frame_seconds, limits)
        panel.set_title(title)
        if sound and index:
            panel.set_ylabel("")
            panel.tick_params(labelleft=False)
    return ax
