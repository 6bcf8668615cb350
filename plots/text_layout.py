"""Names written into a picture without overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comparators.plots.font_families import font_families

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 2.0  # pixels kept free around a name
POINT = 6.0  # pixels that a point takes
STEP = 4.0  # pixels to the nearest places tried
COVERED_COST = 5.0  # covering a point is as bad as moving by so many pixels
MAX_POINTS = 400  # looked at for what a name would cover
CLEARANCE = 4.0  # points between a name and the place that it is written over


def write_names(ax: Axes, points: np.ndarray, names: list[str], colours: list[str], font_size: float) -> None:
    """Writes each name just above its point, moved where names would overlap, with a thin line back if it moved far.

    Positions are worked out for the figure's present size and layout, so call it last.

    Args:
        ax: Axes with its limits set.
        points: where the names belong, in data coordinates `(n, 2)`.
        names: what is written `(n,)`.
        colours: colour of each name `(n,)`.
        font_size: in points.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().subplots()
        >>> write_names(ax, np.array([[0.5, 0.5], [0.5, 0.5]]), ["ann", "bob"], ["red", "blue"], 8)
        >>> first, second = (text.get_window_extent() for text in ax.texts)
        >>> bool(first.overlaps(second))
        False
    """
    from matplotlib import patheffects

    outline = [patheffects.withStroke(linewidth=2.0, foreground="white", alpha=0.9)]
    families = font_families(names)
    texts = [
        ax.annotate(
            name,
            point,
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=font_size,
            fontfamily=families,
            color=_darker(colour),
        )
        for name, point, colour in zip(names, points, colours, strict=True)
    ]
    for text in texts:
        text.set_path_effects(outline)
        text.set_in_layout(False)
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts]
    sizes = np.array([[box.width, box.height] for box in boxes]) + 2 * MARGIN
    homes = ax.transData.transform(points)
    dots = [np.asarray(collection.get_offsets()) for collection in ax.collections]
    around = ax.transData.transform(np.concatenate([*dots, points]))
    wanted = homes + sizes * (0, 0.5) + (0, CLEARANCE * figure.dpi / 72)
    frame = ax.get_window_extent()
    centres = place_boxes(wanted, sizes, np.array([[frame.x0, frame.y0], [frame.x1, frame.y1]]), around)
    inverse = ax.transData.inverted()
    for text, home, centre, size, point in zip(texts, homes, centres, sizes, points, strict=True):
        text.set_position((centre - home) * 72 / figure.dpi)
        if (np.abs(centre - home) > size * (0.5, 1.7)).any():
            line = np.stack([point, inverse.transform(centre)])
            ax.plot(*line.T, color=text.get_color(), linewidth=0.5, alpha=0.6, zorder=2.5, scalex=False, scaley=False)


def _darker(colour: str) -> tuple[float, ...]:
    """Light colours make good points, but thin letters need contrast."""
    from matplotlib.colors import to_rgb

    return tuple(0.75 * channel for channel in to_rgb(colour))


def place_boxes(homes: np.ndarray, sizes: np.ndarray, frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Finds places for boxes near their homes, inside the frame, off each other and, where it is cheap, off points.

    One box after the other takes the best of about a thousand places on circles around its home.

    Args:
        homes: wanted centres `(n, 2)`, in pixels.
        sizes: width and height of the boxes `(n, 2)`.
        frame: lower and upper corner of the space allowed `(2, 2)`.
        points: what should rather not be covered `(m, 2)`.

    Returns:
        Centres `(n, 2)`; boxes overlap only where there was no room left.

    Example:
        >>> homes, sizes, frame = np.full((2, 2), 50.0), np.full((2, 2), 10.0), np.array([[0, 0], [100, 100]])
        >>> first, second = place_boxes(homes, sizes, frame, np.zeros((0, 2)))
        >>> first.tolist(), bool(np.abs(first - second).max() >= 10)
        ([50.0, 50.0], True)
    """
    radii = np.append(0, np.geomspace(STEP, np.ptp(frame, axis=0).max(), 40))
    angles = 2 * np.pi * np.arange(24) / 24
    offsets = np.stack([np.outer(radii, np.cos(angles)), np.outer(radii, np.sin(angles))], axis=-1).reshape(-1, 2)
    points = points[:: -(-len(points) // MAX_POINTS) or 1]
    centres = np.zeros_like(homes)
    for i, (home, size) in enumerate(zip(homes, sizes, strict=True)):
        low, high = frame[0] + size / 2, frame[1] - size / 2
        places = np.clip(home + offsets, low, np.maximum(low, high))
        hidden = _covers(places, centres[:i], (size + sizes[:i]) / 2)
        covered = _covers(places, points, (size + POINT) / 2)
        cost = np.linalg.norm(places - home, axis=1) + COVERED_COST * covered + 1e6 * hidden
        centres[i] = places[np.argmin(cost)]
    return centres


def _covers(places: np.ndarray, centres: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """How many of the centres lie within reach of each place in both directions."""
    near = [np.abs(places[:, None, axis] - centres[:, axis]) < reach[..., axis] for axis in (0, 1)]
    return np.count_nonzero(near[0] & near[1], axis=1)


def shorten(text: str, length: int) -> str:
    """Cuts the middle out of a text that is too long: names of files and labels differ at their ends.

    Args:
        text: a name.
        length: most characters of what is returned.

    Returns:
        The text in one line.

    Example:
        >>> shorten("recordings/anna/0001.wav", 15)
        'recordi…001.wav'
    """
    text = " ".join(text.split())
    tail = (length - 1) // 2
    return text if len(text) <= length else f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"
