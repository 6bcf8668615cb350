"""The mean of a model's weights over epochs."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np


def average_weights(model: keras.Model, paths: Sequence[str | os.PathLike]) -> None:
    """Sets a model's weights to their mean over saved epochs, which often does better than the last one.

    Keras saves the epochs, and they outlive a training that stops:
    `keras.callbacks.ModelCheckpoint("{epoch:02d}.weights.h5", save_weights_only=True)`. Counters and other integers are
    taken from the last file.

    Args:
        model: of which the weights were saved; it is changed, unless there is an error.
        paths: files of `save_weights` or `ModelCheckpoint`, one for each epoch.

    Raises:
        TypeError: `paths` is a single path.
        FileNotFoundError: there is no such file.
        ValueError: there are no files, or one is damaged or of another model.

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
    if isinstance(paths, str | os.PathLike):
        raise TypeError(f"`paths` must be a list of files. Received: '{paths}'. Name one for each epoch.")
    if not len(paths):
        raise ValueError("`paths` must name at least one file of weights. Received: none. Save the epochs first.")
    sums: list[np.ndarray] = []
    with _unchanged_on_error(model):
        for path in paths:
            _load(model, path)
            # Sums of float64, so that the mean does not depend on the order of the files.
            weights = [weight.astype(np.float64) for weight in model.get_weights()]
            sums = [total + weight for total, weight in zip(sums, weights, strict=True)] if sums else weights
    for weight, total in zip(model.weights, sums, strict=True):
        if keras.backend.is_float_dtype(weight.dtype):
            weight.assign(total / len(paths))


def _load(model: keras.Model, path: str | os.PathLike) -> None:
    if not os.path.isfile(path):
        raise FileNotFoundError(f"No such file of weights: '{path}'. Check `paths`.")
    try:
        with warnings.catch_warnings():
            # The optimizer's state is in the files as well, and of no use here.
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"Files of weights must be whole, and of this model. Received: '{path}' ({reason}). Check `paths`."
        ) from error


@contextmanager
def _unchanged_on_error(model: keras.Model) -> Iterator[None]:
    variables = [*model.variables, *(model.optimizer.variables if getattr(model, "optimizer", None) else [])]
    before = [keras.ops.convert_to_numpy(variable) for variable in variables]
    try:
        yield
    except BaseException:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        raise
