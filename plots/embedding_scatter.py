"""The embedding space in two dimensions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from comparators.plots.point_scatter import UNLABELLED, point_scatter
from comparators.plots.projection import project

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXIS_NAMES = {"pca": "principal component", "tsne": "t-SNE", "umap": "UMAP"}


def embedding_scatter(
    embeddings: ArrayLike,
    labels: ArrayLike | None = None,
    method: str = "umap",
    unlabelled: Sequence[Hashable] = UNLABELLED,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draws embeddings in the plane, coloured by label: do labels form clusters, and which are close?

    Args:
        embeddings: one row per item `(n, dim)`; neighbours are those by cosine.
        labels: label of each item `(n,)`: true labels, found clusters, or None.
        method: "umap", "tsne" or "pca", see `project`.
        unlabelled: labels that mean none, noise or unknown, drawn in grey.
        seed: seed of UMAP and t-SNE.
        ax: Axes to draw in; None makes a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: see `project` and `point_scatter`.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> import numpy as np
        >>> ax = embedding_scatter(np.eye(4), ["ann", "ann", "bob", "bob"], method="pca")
        >>> ax.get_xlabel()
        'principal component 1'
        >>> plt.close(ax.figure)
    """
    ax = point_scatter(project(embeddings, method, seed), labels, unlabelled, ax)
    ax.set_xlabel(f"{AXIS_NAMES[method]} 1")
    ax.set_ylabel(f"{AXIS_NAMES[method]} 2")
    if method != "pca":  # only nearness means something there, not the numbers
        ax.set_xticks([])
        ax.set_yticks([])
    return ax
