"""Correlation of validation pairs' similarities with graded judgements, after each epoch."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from comparators.callbacks.epoch_measures import EpochMeasures
from comparators.callbacks.validation_embeddings import embed_items, num_items
from comparators.metrics.graded_similarity import MEASURES, pearson_correlation, spearman_correlation
from comparators.recognition.similarity import paired_similarity

_FUNCTIONS = {"spearman": spearman_correlation, "pearson": pearson_correlation}


class GradedSimilarity(EpochMeasures):
    """Puts into the logs of each epoch how well similarities follow judgements: `val_spearman`.

    Each item that is in a pair is embedded once an epoch, and pairs are scored as the model scores them (its `scorer`;
    models without one by cosine). `ModelCheckpoint`, `EarlyStopping` and `CSVLogger` can use the values; they must come
    after this callback in the list, and need `mode="max"`. Embeddings that cannot be compared, or that give all pairs
    one score, give NaN and a warning: the training goes on.

    Args:
        inputs: the items: what `model.embed` takes where the model has it (texts, arrays, a table of files), else an
            array `(n, ...)`, a list of arrays or a dict of arrays for `predict_on_batch`.
        pairs: as `read_text_pairs` or `read_pair_table` returns it, or a part of it: columns `item_a` and `item_b`,
            positions of the items, and `same`, the judgement, in any unit.
        measures: of "spearman" and "pearson".
        name: start of the names in the logs.
        every: epochs from one measurement to the next. The first and the last of `epochs` are always measured; between
            two measurements, and where a training stops early, the logs keep the last values.
        batch_size: items embedded at a time.

    Attributes:
        values: name in the logs -> value, of the last measurement.

    Raises:
        TypeError: if `measures` is one string.
        ValueError: if a column is missing, a position is not one of the items', there are fewer than two judgements or
            all are equal, a measure is unknown, or a number is not positive.

    Example:
        >>> import keras
        >>> x = np.eye(4, dtype="float32")
        >>> pairs = pd.DataFrame({"item_a": [0, 0, 1], "item_b": [1, 2, 3], "same": [5.0, 2.5, 0.0]})
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(x, x[:, :2], epochs=2, verbose=0, callbacks=[GradedSimilarity(x, pairs)])
        >>> sorted(history.history), len(history.history["val_spearman"])
        (['loss', 'val_spearman'], 2)
    """

    def __init__(
        self,
        inputs,
        pairs: pd.DataFrame,
        measures: Sequence[str] = ("spearman",),
        name: str = "val",
        every: int = 1,
        batch_size: int = 64,
    ):
        super().__init__(every, batch_size)
        if isinstance(measures, str):
            raise TypeError(f"`measures` must be a sequence of names. Received: {measures!r}. Write ({measures!r},).")
        unknown = [measure for measure in measures if measure not in MEASURES]
        if unknown or not len(measures):
            raise ValueError(
                f"`measures` must be of {', '.join(MEASURES)}. Received: {', '.join(map(repr, unknown)) or 'none'}."
            )
        positions, self.judgements = _check_pairs(pairs, num_items(inputs))
        used, self._places = np.unique(positions, return_inverse=True)
        self._places = self._places.reshape(positions.shape)
        self.inputs = _take(inputs, used)
        self.measures, self.name = tuple(measures), name

    def measure(self) -> dict[str, float]:
        """Measures the model as it is now.

        Returns:
            Name in the logs -> value.

        Raises:
            ValueError: if the model does not give one embedding for each item.
        """
        embeddings = embed_items(self.model, self.inputs, self.batch_size)
        count = self._places.max() + 1
        if embeddings.ndim != 2 or len(embeddings) != count:
            raise ValueError(
                f"The model must give an embedding `(dim,)` for each of the {count} items of the pairs. "
                f"Received: shape {embeddings.shape}."
            )
        names = {measure: f"{self.name}_{measure}" for measure in self.measures}
        try:
            similarity = getattr(self.model, "scorer", "cosine")
            scores = paired_similarity(*embeddings[self._places], similarity=similarity)
            return {names[measure]: _FUNCTIONS[measure](scores, self.judgements) for measure in self.measures}
        except ValueError as error:
            if np.isfinite(embeddings).all() and embeddings.any(axis=1).all():
                raise
            warnings.warn(f"{self.name} is NaN, since the embeddings cannot be compared. {error}", stacklevel=2)
            return dict.fromkeys(names.values(), float("nan"))


def _check_pairs(pairs: pd.DataFrame, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns the items of both sides `(2, n)` and the judgements `(n,)`."""
    missing = [column for column in ("item_a", "item_b", "same") if column not in pairs.columns]
    if missing:
        raise ValueError(
            f"`pairs` must have a column `{missing[0]}`. Received: {', '.join(map(str, pairs.columns)) or 'none'}. "
            "`read_text_pairs` makes such a table."
        )
    positions = pairs[["item_a", "item_b"]].to_numpy(np.int64).T
    if positions.size and (positions.min() < 0 or (count is not None and positions.max() >= count)):
        raise ValueError(
            f"`item_a` and `item_b` must be positions of the {count} items. "
            f"Received: from {positions.min()} to {positions.max()}."
        )
    judgements = pairs["same"].to_numpy(np.float64)
    if len(judgements) < 2 or not np.isfinite(judgements).all() or not np.ptp(judgements):
        raise ValueError(
            "`same` must hold finite judgements, and two different ones at least. "
            f"Received: {len(judgements)}, {len(np.unique(judgements))} of them different. Add graded pairs."
        )
    return positions, judgements


def _take(inputs, used: np.ndarray):
    """Returns some of the items, so that none is embedded in vain; all of what cannot be indexed is an error later."""
    if isinstance(inputs, Mapping):
        return {name: values[used] for name, values in inputs.items()}
    if isinstance(inputs, pd.DataFrame | pd.Series):
        return inputs.iloc[used]
    if isinstance(inputs, np.ndarray):
        return inputs[used]
    if isinstance(inputs, Sequence) and not isinstance(inputs, str):
        return [inputs[item] for item in used]
    raise ValueError(
        "`inputs` must be a list, an array, a dict of arrays or a table, of which pairs name the positions. "
        f"Received: {type(inputs).__name__}."
    )
