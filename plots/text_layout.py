"""Names written into a picture without overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 2.0  # pixels kept free around a name
PLACE = 8.0  # pixels kept free around the points that names are written for
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

    outline = [patheffects.withStroke(linewidth=1.5, foreground="white", alpha=0.8)]
    texts = [
        ax.annotate(
            name,
            point,
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=font_size,
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
    wanted = homes + sizes * (0, 0.5) + (0, CLEARANCE * figure.dpi / 72)
    frame = ax.get_window_extent()
    centres = separate(wanted, sizes, np.array([[frame.x0, frame.y0], [frame.x1, frame.y1]]), homes)
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


def separate(
    homes: np.ndarray, sizes: np.ndarray, frame: np.ndarray, fixed: np.ndarray, num_steps: int = 500
) -> np.ndarray:
    """Moves boxes apart until none overlap, staying near their homes, inside the frame and off the fixed places.

    Overlapping boxes push each other away along the axis where less is needed.

    Args:
        homes: wanted centres `(n, 2)`.
        sizes: width and height of the boxes `(n, 2)`.
        frame: lower and upper corner of the space allowed `(2, 2)`.
        fixed: centres of places to keep free, squares of `PLACE` `(m, 2)`.
        num_steps: the most rounds of pushing; crowded boxes may still overlap after that.

    Returns:
        Centres `(n, 2)`.

    Example:
        >>> homes, sizes, frame = np.array([[5.0, 5.0], [5.0, 6.0]]), np.full((2, 2), 4.0), np.array([[0, 0], [10, 10]])
        >>> separate(homes, sizes, frame, np.zeros((0, 2)))[:, 1].round(1)
        array([3.5, 7.5])
    """
    # Boxes with one home have no direction to part in: a small spiral gives them one.
    angles = np.arange(len(homes)) * 2.4
    centres = homes + 1e-3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    low, high = frame[0] + sizes / 2, frame[1] - sizes / 2
    needed = np.concatenate([sizes[:, None] + sizes, np.repeat(sizes[:, None] + PLACE, len(fixed), axis=1)], axis=1) / 2
    not_itself = ~np.eye(len(homes), needed.shape[1], dtype=bool)
    for _ in range(num_steps):
        centres = np.clip(centres, low, np.maximum(low, high))
        offsets = centres[:, None] - np.concatenate([centres, fixed])
        overlap = needed - np.abs(offsets)
        touching = (overlap > 1e-6).all(axis=-1) & not_itself
        if not touching.any():
            break
        axis = np.argmin(overlap, axis=-1)[..., None] == np.arange(2)
        push = np.where(axis & touching[..., None], np.copysign(overlap, offsets), 0)
        # A quarter each leaves room for the neighbours to answer; the last hair is closed at once.
        centres = centres + np.sum(np.where(np.abs(push) > 0.5, push / 4, push / 2), axis=1)
    return centres
