"""Pictures of the embedding space during training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import ArrayLike

from comparators.callbacks.seen_labels import is_seen
from comparators.callbacks.validation_embeddings import embed_items, num_items
from comparators.plots.point_scatter import point_scatter
from comparators.plots.projection import project
from comparators.recognition.labels import check_labels

if TYPE_CHECKING:
    from os import PathLike


class EmbeddingPicture(keras.callbacks.Callback):
    """Draws the embeddings of some items every few epochs and after the last: `epoch_0005.png`, `epoch_0010.png`, ...

    Where a training stops early, its last picture is the last that was due. Each picture is turned (and mirrored if
    need be) to lie as close as it can to the one before, and the axes never shrink, so that the pictures can be watched
    as a film. With `seen`, items of other labels are drawn as rings.

    Args:
        inputs: items to draw, see `EmbeddingMonitor`.
        labels: label of each item `(n,)`.
        directory: folder of the pictures; it is made if it is missing.
        every: epochs from one picture to the next.
        method: "pca", "tsne" or "umap", see `comparators.plots.project`.
        batch_size: items embedded at a time.
        seen: labels that are trained on; None does not tell apart.

    Raises:
        TypeError: if `labels` are of the wrong kind.
        ValueError: if there is not one label for each item, `every` is not positive, `seen` holds none or all of the
            labels, or an embedding is not finite.

    Example:
        >>> x, labels = np.eye(4, dtype="float32"), np.array([0, 0, 1, 1])
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> picture = EmbeddingPicture(x, labels, "pictures", every=2)
        >>> history = model.fit(x, np.eye(2)[labels], epochs=4, verbose=0, callbacks=[picture])
        >>> sorted(path.name for path in Path("pictures").iterdir())
        ['epoch_0002.png', 'epoch_0004.png']
    """

    def __init__(
        self,
        inputs,
        labels: ArrayLike,
        directory: str | PathLike,
        every: int = 5,
        method: str = "pca",
        batch_size: int = 64,
        seen: ArrayLike | None = None,
    ):
        super().__init__()
        if every < 1:
            raise ValueError(f"`every` must be positive. Received: every={every}.")
        if labels is None:
            raise TypeError("`labels` must hold the label of each item. Received: None. Give one for each item.")
        self.inputs, self.labels, self.directory = inputs, check_labels(labels, num_items(inputs)), Path(directory)
        self.every, self.method, self.batch_size = every, method, batch_size
        self.unseen = [] if seen is None else np.unique(self.labels[~is_seen(self.labels, seen)]).tolist()
        self.points: np.ndarray | None = None
        self.reach = 0.0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if (epoch + 1) % self.every and epoch + 1 != (self.params or {}).get("epochs"):
            return
        points = project(embed_items(self.model, self.inputs, self.batch_size), self.method)
        points = points - points.mean(axis=0)
        self.points = points if self.points is None else turn_towards(points, self.points)
        self.reach = max(self.reach, 1.1 * float(np.abs(points).max()))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.draw(epoch + 1)

    def draw(self, epoch: int) -> None:
        """Writes the picture of `self.points`, outside of pyplot, which would keep every figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.5, 6.4), layout="constrained")
        ax = figure.add_subplot(xlim=(-self.reach, self.reach), ylim=(-self.reach, self.reach))
        ax.set_title(f"epoch {epoch}" + (" (rings: labels never trained on)" if self.unseen else ""))
        point_scatter(self.points, self.labels, ax=ax, rings=self.unseen)
        figure.savefig(self.directory / f"epoch_{epoch:04d}.png", dpi=100)


def turn_towards(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Turns and mirrors points about the origin to lie as close as they can to the reference (orthogonal Procrustes).

    Args:
        points: `(n, 2)`.
        reference: where each point should come to lie `(n, 2)`.

    Returns:
        The turned points `(n, 2)`; distances between them are kept.

    Example:
        >>> points = np.array([[1.0, 0.0], [0.0, 2.0]])
        >>> turn_towards(points[:, ::-1], points).round(6).tolist()
        [[1.0, 0.0], [0.0, 2.0]]

    Reference:
        Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 1966.
    """
    left, _, right = np.linalg.svd(points.T @ reference)
    return points @ (left @ right)
