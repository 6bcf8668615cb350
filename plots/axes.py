"""Where a picture is drawn: in the caller's Axes, or in a new figure of a fitting size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """Returns `ax`, or the Axes of a new pyplot figure.

    Nothing is shown and no setting of matplotlib is changed: save with `ax.figure.savefig(path)`, and after many
    pictures close them with `matplotlib.pyplot.close(ax.figure)`.

    Args:
        ax: the caller's Axes or None.
        width: width of a new figure in inches.
        height: height of a new figure in inches.

    Returns:
        The Axes to draw in.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = axes_or_new(None, 4.0, 3.0)
        >>> ax.figure.get_size_inches().tolist(), axes_or_new(ax, 9.0, 9.0) is ax
        ([4.0, 3.0], True)
        >>> plt.close(ax.figure)
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]
