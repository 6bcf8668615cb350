"""The figures of a training by epoch, wherever they were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Protocol

import numpy as np
import pandas as pd

# Parts of names, as Keras and `comparators.callbacks` write them.
RATES = {"accuracy", "acc", "eer", "precision", "recall", "far", "frr", "map", "purity"}
HIGHER_IS_BETTER = RATES - {"eer", "far", "frr"} | {"auc", "ami", "nmi", "ari", "f1", "similarity"}
LOWER_IS_BETTER = {"loss", "eer", "far", "frr", "error", "cllr", "dcf", "crossentropy"}
WORDS = {"val": "validation", "acc": "accuracy"} | {
    word: word.upper() for word in ("eer", "auc", "ami", "nmi", "ari", "map", "f1", "far", "frr")
}


class KerasHistory(Protocol):
    """What `model.fit` returns."""

    history: Mapping[str, Sequence[float]]
    epoch: Sequence[int]


History = Mapping[str, Sequence[float]] | KerasHistory | str | PathLike


def read_history(history: History) -> pd.DataFrame:
    """Reads the figures of a training as a table.

    Args:
        history: what `model.fit` returns, its `.history` (name -> value after each epoch), or the path of a
            `CSVLogger`'s file.

    Returns:
        One row an epoch, one column a figure; the index holds the epochs, from 1. Missing values are NaN.

    Raises:
        ValueError: if there is no epoch, figures have different numbers of values, a value is no number, or a file
            holds epochs twice.
        FileNotFoundError: if there is no such file.

    Example:
        >>> read_history({"loss": [2.0, 1.0], "val_eer": [0.3, 0.2]}).loc[2].to_dict()
        {'loss': 1.0, 'val_eer': 0.2}
    """
    if isinstance(history, str | PathLike):
        table = _read_csv(history)
    else:
        figures = dict(getattr(history, "history", history))
        lengths = {name: len(values) for name, values in figures.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                "`history` must hold a value of each figure for each epoch. "
                f"Received: {', '.join(f'{count} of {name}' for name, count in lengths.items())}. "
                "Fill in NaN for epochs without one."
            )
        epochs = getattr(history, "epoch", None) or range(max(lengths.values(), default=0))
        table = pd.DataFrame(figures, index=pd.Index(np.asarray(epochs, int) + 1, name="epoch"))
    if not len(table) or not len(table.columns):
        raise ValueError("`history` must hold at least one epoch. Received: none. Was the model trained?")
    try:
        return table.astype(float)
    except (ValueError, TypeError) as error:
        raise ValueError(f"`history` must hold numbers. Received: {error}. Leave that figure out.") from error


def _read_csv(path: str | PathLike) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' must be a CSV file. Received: {error}. `CSVLogger` writes such files.") from error
    if "epoch" not in table:
        raise ValueError(
            f"'{path}' must have a column `epoch`. Received: {', '.join(map(str, table.columns))}. "
            "`CSVLogger` writes such files."
        )
    table = table.set_index(table.pop("epoch").rename("epoch") + 1)
    if not table.index.is_monotonic_increasing or table.index.has_duplicates:
        raise ValueError(
            f"'{path}' must hold each epoch once. Received: epochs {table.index.tolist()[:20]}. "
            "It may hold several runs: give each a file, or `fit` its `initial_epoch`."
        )
    return table.dropna(axis="columns", how="all")


def name_and_scale(name: str, values: np.ndarray) -> tuple[str, float]:
    """How a figure is called in a picture, and what its values are multiplied by: shares are read in percent.

    Args:
        name: as in the logs.
        values: its values, of any shape; above 1 they are no shares, whatever the name says.

    Returns:
        The name with its unit, and 100 or 1.

    Example:
        >>> name_and_scale("val_eer", np.array([0.2])), name_and_scale("learning_rate", np.array([0.1]))
        (('validation EER (%)', 100), ('learning rate', 1))
    """
    words = name.split("_")
    percent = bool(RATES & {word.lower() for word in words}) and not (values > 1).any()
    readable = " ".join(WORDS.get(word, word) for word in words)
    return (f"{readable} (%)", 100) if percent else (readable, 1)


def best_is_highest(name: str, mode: str | None = None) -> bool:
    """Tells whether a figure is better for higher values.

    Args:
        name: as in the logs.
        mode: "min" or "max"; None goes by the words of the name.

    Raises:
        ValueError: if `mode` is none of these, or needed because the name does not tell.

    Example:
        >>> best_is_highest("val_map_at_r"), best_is_highest("val_loss")
        (True, False)
    """
    words = set(name.lower().split("_"))
    if mode is None and bool(words & HIGHER_IS_BETTER) != bool(words & LOWER_IS_BETTER):
        return bool(words & HIGHER_IS_BETTER)
    if mode not in ("min", "max"):
        raise ValueError(f"`mode` must be 'min' or 'max' for {name!r}. Received: mode={mode!r}.")
    return mode == "max"
