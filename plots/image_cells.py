"""Images in rows and columns, with frames, captions and names of rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.plots.axes import axes_or_new
from comparators.plots.font_families import font_families
from comparators.plots.text_layout import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

MAX_PIXELS = 200  # of the longer side: a cell of a picture shows no more
CELL_INCHES = 1.0  # side of a cell in a new figure, which all other lengths are relative to
GAP = 0.1
LINE_HEIGHT = 0.15  # of a caption
CHARACTER_WIDTH = 0.072
MAX_NAME_WIDTH = 1.5  # of a row's name
SPLIT = 0.3


@dataclass(frozen=True)
class Cell:
    """One image: an array `(height, width)`, `(height, width, 1)` or `(height, width, 3)` of uint8, or a path.

    Args:
        image: the image.
        caption: written under it, in one or several lines.
        colour: of the frame and the caption; None for no frame.
        dashed: whether the frame is dashed, for those who cannot tell its colour.
    """

    image: ArrayLike | str | PathLike
    caption: str = ""
    colour: str | None = None
    dashed: bool = False


def draw_cells(
    rows: Sequence[Sequence[Cell]],
    row_names: Sequence[str] = (),
    row_colours: Sequence[str] = (),
    column_names: Sequence[str] = (),
    split_after: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draws images in rows and columns, each as large as its cell allows.

    Args:
        rows: the cells of each row; rows may have different lengths.
        row_names: written left of the rows.
        row_colours: of these names.
        column_names: written over the columns.
        split_after: number of columns after which there is a wider gap.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: if an image is not as `Cell` says, or a file is no image.
        FileNotFoundError: if a file is missing.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = draw_cells([[Cell(np.zeros((8, 8, 1), "uint8"), "a zero")] * 3], row_names=["zeros"])
        >>> len(ax.images), [text.get_text() for text in ax.texts]
        (3, ['zeros', 'a zero', 'a zero', 'a zero'])
        >>> plt.close(ax.figure)
    """
    images = [[small_image(cell.image) for cell in row] for row in rows]
    num_columns = max(len(row) for row in rows)
    lefts = np.arange(num_columns) * (1 + GAP)
    if split_after is not None:
        lefts[split_after:] += SPLIT
    lines = max(cell.caption.count("\n") + bool(cell.caption) for row in rows for cell in row)
    tall = max(picture.shape[0] / max(picture.shape) for pictures in images for picture in pictures)
    pitch = tall + GAP + lines * LINE_HEIGHT
    name_width = min(MAX_NAME_WIDTH, CHARACTER_WIDTH * max(map(len, row_names), default=0))
    left = -name_width - 2 * GAP if name_width else -GAP / 2
    top = -0.3 if any(column_names) else -GAP / 2
    width, height = lefts[-1] + 1 + GAP / 2 - left, len(rows) * pitch - GAP / 2 - top
    ax = axes_or_new(ax, max(2.0, width * CELL_INCHES), height * CELL_INCHES + 0.35)
    for row, (cells, pictures) in enumerate(zip(rows, images, strict=True)):
        for cell, picture, x in zip(cells, pictures, lefts, strict=False):
            _draw_image(ax, picture, x, row * pitch, tall, cell)
    ax.set_xlim(left, left + width)
    ax.set_ylim(top + height, top)
    ax.set_aspect("equal")
    ax.set_axis_off()
    points = _points_per_unit(ax)
    for row, name in enumerate(row_names):
        colour = row_colours[row] if len(row_colours) else "black"
        _write(ax, -GAP, row * pitch + tall / 2, name, MAX_NAME_WIDTH, points, colour, ha="right", va="center")
    for x, name in zip(lefts, column_names, strict=False):
        _write(ax, x + 0.5, -0.06, name, 1 + GAP, points, "black", ha="center", va="bottom")
    for row, cells in enumerate(rows):
        for cell, x in zip(cells, lefts, strict=False):
            for line, text in enumerate(cell.caption.split("\n") if cell.caption else ()):
                y = row * pitch + tall + 0.04 + line * LINE_HEIGHT
                _write(ax, x + 0.5, y, text, 1 + GAP / 2, points, cell.colour or "black", ha="center", va="top")
    return ax


def small_image(image: ArrayLike | str | PathLike) -> np.ndarray:
    """Reads an image where it is a path, turns it upright, and makes it small enough for a picture.

    Args:
        image: see `Cell`. Transparent places of a file become white.

    Returns:
        `(height, width, 3)` uint8, no side longer than 200.

    Raises:
        ValueError: if it is no such image.
        FileNotFoundError: if the file is missing.

    Example:
        >>> small_image(np.zeros((400, 100, 1), "uint8")).shape
        (200, 50, 3)
    """
    from PIL import Image

    if isinstance(image, str | PathLike):
        picture = _opened(image)
    else:
        image = np.asarray(image)
        if image.ndim == 3 and image.shape[-1] == 1:
            image = image[..., 0]
        if image.dtype != np.uint8 or not image.size or image.shape[2:] not in ((), (3,)) or image.ndim < 2:
            raise ValueError(
                "An image must be a path, or an array of uint8 from 0 to 255, `(height, width, channels)` with 1 or 3 "
                f"channels. Received: shape {image.shape}, {image.dtype}. Convert it, such as by "
                '`(255 * image).astype("uint8")` for values from 0 to 1.'
            )
        picture = Image.fromarray(image)
    picture.thumbnail((MAX_PIXELS, MAX_PIXELS))
    return np.asarray(picture.convert("RGB"))


def _opened(path: str | PathLike) -> Image:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            file.draft("RGB", (2 * MAX_PIXELS, 2 * MAX_PIXELS))  # a large JPEG is decoded at a part of its size
            picture = ImageOps.exif_transpose(file)
            picture.load()
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"'{path}' must be an image. Received: {error}. Leave it out.") from error
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        return Image.fromarray((np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture


def _draw_image(ax: Axes, picture: np.ndarray, x: float, y: float, tall: float, cell: Cell) -> None:
    from matplotlib.patches import Rectangle

    height, width = np.array(picture.shape[:2]) / max(picture.shape[:2])
    x, y = x + (1 - width) / 2, y + (tall - height) / 2
    # Few pixels are shown as they are; more of them than the screen has are averaged.
    ax.imshow(picture, extent=(x, x + width, y + height, y), interpolation="antialiased")
    if cell.colour is not None:
        style = "--" if cell.dashed else "-"
        ax.add_patch(
            Rectangle((x, y), width, height, fill=False, edgecolor=cell.colour, linewidth=2.5, linestyle=style)
        )


def _points_per_unit(ax: Axes) -> float:
    """How many points (1/72 inch) a cell is wide, after layout."""
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    (x0, _), (x1, _) = ax.transData.transform([(0, 0), (1, 0)])
    return (x1 - x0) * 72 / figure.dpi


def _write(ax: Axes, x: float, y: float, text: str, width: float, points: float, colour: str, ha: str, va: str) -> None:
    """Writes a line that is no wider than `width`, in cells."""
    size = float(np.clip(0.115 * points, 3, 11))
    text = shorten(text, max(3, int(width / CHARACTER_WIDTH)))
    line = ax.text(x, y, text, fontsize=size, fontfamily=font_families([text]), color=colour, ha=ha, va=va)
    line.set_in_layout(False)
