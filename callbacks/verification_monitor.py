"""Equal error rate on all pairs of a validation set, after each epoch."""

import keras
import numpy as np
from numpy.typing import ArrayLike

from comparators.callbacks.validation_embeddings import embed_items
from comparators.metrics.verification import equal_error_rate, pair_scores


class VerificationMonitor(keras.callbacks.Callback):
    """Puts the equal error rate on all pairs of validation items into the logs of each epoch.

    The items should be of labels that are not trained on. `ModelCheckpoint` and `EarlyStopping` can monitor the value,
    with `mode="min"`; they must come after this callback in the list. Embeddings that are not finite give NaN.

    Args:
        inputs: validation items: what `model.embed` takes where the model has it (arrays, files), else an array
            `(n, ...)` or a dict of arrays for `predict_on_batch`.
        labels: label of each item `(n,)`.
        batch_size: items embedded at a time.
        similarity: see `comparators.metrics.pair_scores`.
        name: key in the logs.

    Raises:
        ValueError: if `labels` do not hold two labels, and two items of one.

    Example:
        >>> x, labels = np.eye(4, dtype="float32"), np.array([0, 0, 1, 1])
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> monitor = VerificationMonitor(x, ["ann", "ann", "bob", "bob"])
        >>> history = model.fit(x, np.eye(2)[labels], epochs=2, verbose=0, callbacks=[monitor])
        >>> len(history.history["val_eer"])
        2
    """

    def __init__(
        self, inputs, labels: ArrayLike, batch_size: int = 64, similarity: str = "cosine", name: str = "val_eer"
    ):
        super().__init__()
        labels = np.asarray(labels)
        counts = np.unique(labels, return_counts=True)[1]
        if labels.ndim != 1 or len(counts) < 2 or counts.max() < 2:
            raise ValueError(
                "`labels` must hold at least two labels, and two items of one of them. "
                f"Received: shape {labels.shape} with {len(counts)} labels. Add validation items."
            )
        self.inputs, self.labels, self.batch_size = inputs, labels, batch_size
        self.similarity, self.name = similarity, name

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        embeddings = embed_items(self.model, self.inputs, self.batch_size)
        value = float("nan")
        if np.isfinite(embeddings).all():
            value = equal_error_rate(*pair_scores(embeddings, self.labels, self.similarity))
        if logs is not None:
            logs[self.name] = value
