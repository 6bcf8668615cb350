"""Embeddings of validation items during training."""

import keras
import numpy as np


def embed_items(model: keras.Model, inputs, batch_size: int) -> np.ndarray:
    """Embeds items with `model.embed` where the model has it, else with `predict_on_batch`, a batch at a time.

    Args:
        model: a comparator, or any model from inputs to embeddings.
        inputs: what `model.embed` takes; for other models an array `(n, ...)` or a dict of such arrays.
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
    num_items = len(keras.tree.flatten(inputs)[0])
    rows = [
        model.predict_on_batch(keras.tree.map_structure(lambda array, i=start: array[i : i + batch_size], inputs))
        for start in range(0, num_items, batch_size)
    ]
    return np.concatenate([np.asarray(block) for block in rows])
