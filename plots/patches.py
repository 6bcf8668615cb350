"""What a transformer sees: a spectrogram or an image, cut into patches, some of them hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

SOUND_COLOUR_MAP = "magma"
HIDDEN_COLOUR = "#9aa0a6"


def patches(
    picture: ArrayLike,
    patch_size: tuple[int, int] = (16, 16),
    hidden: ArrayLike | None = None,
    frame_seconds: float = 0.01,
    ax: Axes | None = None,
) -> Axes:
    """Draws the patches of a spectrogram or an image, the hidden ones grey.

    Args:
        picture: spectrogram `(frames, bands)`, or image `(height, width, channels)`: grey of any values, or colours in
            pixels 0..255.
        patch_size: height and width of a patch; of a spectrogram, bands and frames.
        hidden: bool `(count,)`, row by row of the grid (the lowest bands first), as `CAVMAE` gives it; None hides none.
        frame_seconds: from frame to frame of a spectrogram.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: the picture is of another shape, or of normalised colours; `patch_size` is not two positive numbers
            that divide it; or `hidden` has another count.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = patches(np.eye(32), (16, 8), hidden=np.arange(8) % 2)
        >>> ax.get_xlabel(), len(ax.images)
        ('time (s)', 2)
        >>> plt.close(ax.figure)
    """
    values, patch_size = check_colours(check_picture(picture)), check_lengths("patch_size", patch_size)
    height, width = values.shape[:2] if values.ndim == 3 else values.shape[::-1]
    rows, columns = height // patch_size[0], width // patch_size[1]
    if not rows or not columns or height % patch_size[0] or width % patch_size[1]:
        raise ValueError(f"`patch_size` must divide {(height, width)}. Received: patch_size={patch_size}.")
    ax = axes_or_new(ax, *((7.0, 2.6) if values.ndim == 2 else (3.2, 3.2)))
    image = draw_picture(ax, values, frame_seconds)
    left, right, bottom, top = image.get_extent()
    if hidden is not None:
        shown = _check_hidden(hidden, rows, columns)
        cover = np.zeros((rows, columns, 4))
        cover[shown] = _rgba(HIDDEN_COLOUR)
        more = {"origin": image.origin, "aspect": ax.get_aspect(), "interpolation": "nearest"}
        ax.imshow(cover, extent=image.get_extent(), **more)
    ax.vlines(np.linspace(left, right, columns + 1), bottom, top, color="white", linewidth=0.6)
    ax.hlines(np.linspace(bottom, top, rows + 1), left, right, color="white", linewidth=0.6)
    return ax


def check_picture(picture: ArrayLike) -> np.ndarray:
    """Returns a spectrogram `(frames, bands)` or an image `(height, width, 1 or 3)` as float64, or says what is wrong.

    NaN is what is hidden.
    """
    values = np.asarray(picture, np.float64)
    if values.ndim not in (2, 3) or not values.size or (values.ndim == 3 and values.shape[2] not in (1, 3)):
        raise ValueError(
            "A picture must be a spectrogram (frames, bands) or an image (height, width, 1 or 3). "
            f"Received: shape {values.shape}."
        )
    return values


def check_colours(values: np.ndarray) -> np.ndarray:
    """Returns a picture as it is, or says that its colours are no pixels."""
    if values.shape[2:] == (3,) and ((values < -0.5) | (values > 255.5)).any():
        raise ValueError(
            f"Colours must be pixels, 0 to 255. Received: values from {np.nanmin(values):.3g} to "
            f"{np.nanmax(values):.3g}. Give the image itself, or normalised ones back by `PixelNormalization.undo`."
        )
    return values


def check_lengths(name: str, lengths: ArrayLike) -> tuple[int, int]:
    """Returns two positive whole numbers, down and to the right, or says what is wrong."""
    values = np.asarray(lengths)
    if values.shape != (2,) or values.dtype.kind not in "iu" or values.min() < 1:
        raise ValueError(
            f"`{name}` must be two positive whole numbers, height and width (of a spectrogram, bands and frames). "
            f"Received: {name}={lengths!r}."
        )
    return int(values[0]), int(values[1])


def draw_picture(
    ax: Axes, values: np.ndarray, frame_seconds: float, limits: tuple[float, float] | None = None
) -> AxesImage:
    """Draws a spectrogram with time and bands, or an image; NaN is grey.

    Args:
        ax: where to draw.
        values: as `check_picture` returns them.
        frame_seconds: from frame to frame of a spectrogram.
        limits: values drawn darkest and brightest; None takes the smallest and the largest. Colours are drawn as they
            are.
    """
    import matplotlib

    if values.shape[2:] == (3,):
        shown = np.where(np.isnan(values), _rgba(HIDDEN_COLOUR)[:3], np.clip(values / 255, 0, 1))
        return _bare(ax, ax.imshow(shown, interpolation="nearest"))
    low, high = limits or (np.nanmin(values), np.nanmax(values))
    colours = matplotlib.colormaps[SOUND_COLOUR_MAP if values.ndim == 2 else "gray"].with_extremes(bad=HIDDEN_COLOUR)
    more = {"cmap": colours, "vmin": low, "vmax": high if high > low else low + 1, "interpolation": "nearest"}
    if values.ndim == 3:
        return _bare(ax, ax.imshow(values[..., 0], **more))
    frames, bands = values.shape
    extent = (0, frames * frame_seconds, 0, bands)
    ax.set(xlabel="time (s)", ylabel="mel band")
    return ax.imshow(values.T, origin="lower", aspect="auto", extent=extent, **more)


def _bare(ax: Axes, image: AxesImage) -> AxesImage:
    ax.set(xticks=[], yticks=[])
    return image


def _check_hidden(hidden: ArrayLike, rows: int, columns: int) -> np.ndarray:
    hidden = np.asarray(hidden)
    if hidden.shape != (rows * columns,):
        raise ValueError(
            f"`hidden` must have a value for each patch, {rows} x {columns} = {rows * columns}. "
            f"Received: shape {hidden.shape}."
        )
    return hidden.reshape(rows, columns) > 0


def _rgba(colour: str) -> np.ndarray:
    from matplotlib.colors import to_rgba

    return np.array(to_rgba(colour))
