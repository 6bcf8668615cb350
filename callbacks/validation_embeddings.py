"""Embeddings of validation items during training."""

from collections.abc import Mapping

import keras
import numpy as np


def embed_items(model: keras.Model, inputs, batch_size: int) -> np.ndarray:
    """Embeds items with `model.embed` where the model has it, else with `predict_on_batch`, a batch at a time.

    Args:
        model: a comparator, or any model from inputs to embeddings.
        inputs: what `model.embed` takes; for other models an array `(n, ...)`, a list of arrays of one shape, or a
            dict of arrays `(n, ...)`.
        batch_size: items at a time.

    Returns:
        Embeddings `(n, dim)`.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> embed_items(model, np.ones((5, 3), "float32"), batch_size=2).shape
        (5, 2)
    """
    if hasattr(model, "embed"):
        return np.asarray(model.embed(inputs, batch_size=batch_size))
    inputs = np.stack(inputs) if isinstance(inputs, list) else inputs
    rows = [
        model.predict_on_batch(keras.tree.map_structure(lambda array, i=start: array[i : i + batch_size], inputs))
        for start in range(0, num_items(inputs), batch_size)
    ]
    return np.concatenate([keras.ops.convert_to_numpy(block) for block in rows])


def num_items(inputs) -> int | None:
    """Counts items without reading them; None for what has no length, such as the path of a folder.

    Example:
        >>> num_items({"waveforms": np.zeros((3, 16000)), "lengths": np.zeros(3)}), num_items("folder")
        (3, None)
    """
    if isinstance(inputs, Mapping):
        inputs = next(iter(inputs.values()))
    return None if isinstance(inputs, str) or not hasattr(inputs, "__len__") else len(inputs)
