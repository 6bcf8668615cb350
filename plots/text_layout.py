"""Names written into a picture without overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 2.0  # pixels kept free around a name


def write_names(ax: Axes, points: np.ndarray, names: list[str], colours: list[str], font_size: float) -> None:
    """Writes each name at its point, moved aside where names would overlap, with a thin line back to the point.

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
        >>> first.overlaps(second)
        False
    """
    from matplotlib import patheffects

    outline = [patheffects.withStroke(linewidth=2.2, foreground="white")]
    texts = [
        ax.annotate(
            name, point, (0, 0), textcoords="offset points", ha="center", va="center", fontsize=font_size, color=colour
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
    frame = ax.get_window_extent()
    centres = separate(homes, sizes, np.array([[frame.x0, frame.y0], [frame.x1, frame.y1]]))
    inverse = ax.transData.inverted()
    for text, home, centre, size, point in zip(texts, homes, centres, sizes, points, strict=True):
        text.set_position((centre - home) * 72 / figure.dpi)
        if (np.abs(centre - home) > size / 2).any():
            line = np.stack([point, inverse.transform(centre)])
            ax.plot(*line.T, color=text.get_color(), linewidth=0.5, alpha=0.6, zorder=2.5, scalex=False, scaley=False)


def separate(homes: np.ndarray, sizes: np.ndarray, frame: np.ndarray, num_steps: int = 1000) -> np.ndarray:
    """Moves boxes apart until none overlap, staying near their homes and inside the frame.

    Overlapping boxes push each other away along the axis where less is needed.

    Args:
        homes: wanted centres `(n, 2)`.
        sizes: width and height of the boxes `(n, 2)`.
        frame: lower and upper corner of the space allowed `(2, 2)`.
        num_steps: the most rounds of pushing; crowded boxes may still overlap after that.

    Returns:
        Centres `(n, 2)`.

    Example:
        >>> separate(np.array([[5.0, 5.0], [5.0, 6.0]]), np.full((2, 2), 4.0), np.array([[0, 0], [10, 10]]))[:, 1].round(1)
        array([3.5, 7.5])
    """
    # Boxes with one home have no direction to part in: a small spiral gives them one.
    angles = np.arange(len(homes)) * 2.4
    centres = homes + 1e-3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    low, high = frame[0] + sizes / 2, frame[1] - sizes / 2
    needed = (sizes[:, None] + sizes) / 2
    off_diagonal = ~np.eye(len(homes), dtype=bool)
    for _ in range(num_steps):
        centres = np.clip(centres, low, np.maximum(low, high))
        offsets = centres[:, None] - centres
        overlap = needed - np.abs(offsets)
        touching = (overlap > 1e-6).all(axis=-1) & off_diagonal
        if not touching.any():
            break
        axis = np.argmin(overlap, axis=-1)[..., None] == np.arange(2)
        push = np.where(axis & touching[..., None], np.copysign(overlap, offsets), 0)
        # A quarter each leaves room for the neighbours to answer; the last hair is closed at once.
        centres = centres + np.sum(np.where(np.abs(push) > 0.5, push / 4, push / 2), axis=1)
    return centres
