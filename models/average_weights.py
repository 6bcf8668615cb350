"""The mean of a model's weights over epochs."""

import os
import warnings
from collections.abc import Sequence

import keras
import numpy as np


def average_weights(model: keras.Model, paths: Sequence[str | os.PathLike]) -> None:
    """Sets a model's weights to their mean over saved epochs, which often does better than the last one.

    Keras saves the epochs, and they outlive a training that stops:
    `keras.callbacks.ModelCheckpoint("{epoch:02d}.weights.h5", save_weights_only=True)`. Counters and other integers are
    taken from the last file.

    Args:
        model: of which the weights were saved; it is changed.
        paths: files of `save_weights` or `ModelCheckpoint`, one for each epoch.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: there are no files, or one is of another model.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
        >>> for epoch, value in enumerate([1.0, 4.0]):
        ...     model.set_weights([np.full((2, 1), value)])
        ...     model.save_weights(f"{epoch}.weights.h5")
        >>> average_weights(model, ["0.weights.h5", "1.weights.h5"])
        >>> model.get_weights()[0].tolist()
        [[2.5], [2.5]]

    Reference:
        Izmailov et al. 2018, Averaging weights leads to wider optima and better generalization.
    """
    if not len(paths):
        raise ValueError("`paths` must name at least one file of weights. Received: none. Save the epochs first.")
    sums: list[np.ndarray] = []
    for path in paths:
        if not os.path.isfile(path):
            raise FileNotFoundError(f"No such file of weights: '{path}'. Check `paths`.")
        with warnings.catch_warnings():
            # The optimizer's state is in the files as well, and of no use here.
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model.load_weights(path)
        # Sums of float64, so that the mean does not depend on the order of the files.
        weights = [weight.astype(np.float64) for weight in model.get_weights()]
        sums = [total + weight for total, weight in zip(sums, weights, strict=True)] if sums else weights
    for weight, total in zip(model.weights, sums, strict=True):
        if keras.backend.is_float_dtype(weight.dtype):
            weight.assign(total / len(paths))
