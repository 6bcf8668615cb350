"""Exact measures of validation embeddings, after each epoch."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from comparators.callbacks.embedding_measures import check_measures, embedding_measures
from comparators.callbacks.epoch_measures import EpochMeasures
from comparators.callbacks.seen_labels import is_seen
from comparators.callbacks.validation_embeddings import embed_items, num_items
from comparators.recognition.labels import check_labels


class EmbeddingMonitor(EpochMeasures):
    """Puts measures of validation embeddings into the logs of each epoch: `val_eer`, `val_map_at_r`, ...

    With `seen`, the labels that are trained on, they are computed for items of seen and of unseen labels separately:
    `val_seen_eer`, `val_unseen_eer`, ... How well an encoder does on labels that it never saw is the second.

    `ModelCheckpoint`, `EarlyStopping` and `CSVLogger` can use the values; they must come after this callback in the
    list, and need `mode="min"` for "eer" and "max" for all else.

    Items are embedded once an epoch and scored as the model scores them (its `scorer`; models without one by cosine).
    All pairs of 10,000 items take seconds and 2 GB; see `embedding_measures` for how each measure is defined.
    Embeddings that are not finite, or all zeros where a cosine is needed, give NaN and a warning: the training goes on.

    Args:
        inputs: validation items: what `model.embed` takes where the model has it (arrays, files), else an array
            `(n, ...)`, a list of arrays or a dict of arrays for `predict_on_batch`.
        labels: label of each item `(n,)`, strings or integers. An item alone in its label is only a wrong answer.
        measures: of "eer", "auc" (all pairs), "precision_at_1", "recall_at_k" (any number for k), "r_precision",
            "map_at_r" (retrieval), "ami", "nmi", "bcubed_f1" (k-means with as many clusters as labels).
        seen: labels that are trained on; others than those of the items may be among them. None does not tell apart.
        name: start of the names in the logs.
        every: epochs from one measurement to the next. The first and the last of `epochs` are always measured; between
            two measurements, and where a training stops early, the logs keep the last values.
        batch_size: items embedded at a time.

    Attributes:
        values: name in the logs -> value, of the last measurement.

    Raises:
        TypeError: if `labels` or `measures` are of the wrong kind.
        ValueError: if there are fewer than two labels or no label has two items (among the seen and the unseen each),
            `seen` holds none or all of the labels, a measure is unknown, or a number is not positive.

    Example:
        >>> import keras
        >>> x, labels = np.eye(4, dtype="float32"), np.array([0, 0, 1, 1])
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> monitor = EmbeddingMonitor(x, ["ann", "ann", "bob", "bob"], measures=("eer", "precision_at_1"))
        >>> history = model.fit(x, np.eye(2)[labels], epochs=2, verbose=0, callbacks=[monitor])
        >>> sorted(history.history), len(history.history["val_eer"])
        (['loss', 'val_eer', 'val_precision_at_1'], 2)
    """

    def __init__(
        self,
        inputs,
        labels: ArrayLike,
        measures: Sequence[str] = ("eer",),
        seen: ArrayLike | None = None,
        name: str = "val",
        every: int = 1,
        batch_size: int = 64,
    ):
        super().__init__(every, batch_size)
        if labels is None:
            raise TypeError("`labels` must hold the label of each item. Received: None. Give one for each item.")
        self.inputs, self.labels = inputs, check_labels(labels, num_items(inputs))
        self.measures = check_measures(measures)
        self.parts = {name: np.ones(len(self.labels), bool)}
        if seen is not None:
            known = is_seen(self.labels, seen)
            self.parts = {f"{name}_seen": known, f"{name}_unseen": ~known}
        for part, members in self.parts.items():
            _check_part(self.labels[members], part)

    def measure(self) -> dict[str, float]:
        """Measures the model as it is now.

        Returns:
            Name in the logs -> value.

        Raises:
            ValueError: if the model does not give one embedding for each label.
        """
        embeddings = embed_items(self.model, self.inputs, self.batch_size)
        if embeddings.ndim != 2 or len(embeddings) != len(self.labels):
            raise ValueError(
                f"The model must give an embedding `(dim,)` for each of the {len(self.labels)} labels. "
                f"Received: shape {embeddings.shape}. Compare `inputs` with `labels`."
            )
        similarity = getattr(self.model, "scorer", "cosine")
        values = {}
        for part, members in self.parts.items():
            try:
                found = embedding_measures(embeddings[members], self.labels[members], self.measures, similarity)
            except ValueError as error:
                if np.isfinite(embeddings).all() and embeddings.any(axis=1).all():
                    raise
                warnings.warn(f"{part} is NaN, since the embeddings cannot be compared. {error}", stacklevel=2)
                found = dict.fromkeys(self.measures, float("nan"))
            values |= {f"{part}_{measure}": value for measure, value in found.items()}
        return values


def _check_part(labels: np.ndarray, part: str) -> None:
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or counts.max() < 2:
        shown = ", ".join(map(repr, names[:5].tolist())) + (", ..." if len(names) > 5 else "")
        raise ValueError(
            f"For `{part}_...` there must be at least two labels, and two items of one of them. "
            f"Received: {len(labels)} items of {len(names)} labels ({shown}). Add validation items."
        )
