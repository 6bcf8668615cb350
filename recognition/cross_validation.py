"""Cross-validation over the folds of a data set, with a folder to go on from."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from comparators.metrics.classification import classification_report
from comparators.recognition.atomic_file import replaced_file

Predict = Callable[[np.ndarray], ArrayLike]
Fit = Callable[[np.ndarray, np.ndarray], Predict]


@dataclass(frozen=True)
class CrossValidation:
    """What cross-validation found.

    Args:
        predictions: a row for each item that was tested, with the columns `row` (its position), `fold`, `label` and
            `predicted`.
    """

    predictions: pd.DataFrame

    @property
    def measures(self) -> pd.DataFrame:
        """A row for each fold: `fold`, `items`, `accuracy`, macro `precision`, `recall` and `f1`."""
        return pd.DataFrame(
            {
                "fold": fold,
                "items": len(rows),
                **classification_report(rows["label"], rows["predicted"])._asdict(),
            }
            for fold, rows in self.predictions.groupby("fold", sort=False)
        )

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each measure: its `mean` and its population standard deviation `std` over the folds."""
        values = self.measures.drop(columns=["fold", "items"])
        return pd.DataFrame({"measure": values.columns, "mean": values.mean().values, "std": values.std(ddof=0).values})

    def save(self, folder: str | os.PathLike) -> None:
        """Writes `predictions.csv`, `measures.csv` and `summary.csv` into a folder."""
        for name in ("predictions", "measures", "summary"):
            _write_csv(getattr(self, name), Path(folder) / f"{name}.csv")


def cross_validate(
    fit: Fit,
    labels: ArrayLike,
    folds: ArrayLike,
    recordings: ArrayLike | None = None,
    validation_fraction: float = 0.1,
    folder: str | os.PathLike | None = None,
    settings: str = "",
    seed: int = 0,
) -> CrossValidation:
    """Trains once for each fold on the others, and tests on it.

    What `fit` is given never holds an item of the test fold: weights and epochs can be chosen only on the validation
    items, which are a share of the training folds.

    Args:
        fit: called as `fit(train, validation)` with positions of items int64 `(n,)`, returns a function from positions
            to answers `(n,)`.
        labels: class of each item `(n,)`.
        folds: which fold each item is in `(n,)`.
        recordings: from which recording each item was cut `(n,)`; a recording is not divided between training and
            validation. None takes each item for one.
        validation_fraction: share of each class's training items that are kept for validation; 0 keeps none.
        folder: where each finished fold is written, and found again by a later call; None keeps nothing.
        settings: what the results depend on, in words; a folder of other settings is refused.
        seed: which items are kept for validation.

    Returns:
        The answers and the measures.

    Raises:
        ValueError: the arrays have not one length, there is one fold only, `validation_fraction` is not in [0, 1), or
            the folder has results of other settings or data, or damaged ones.

    Example:
        >>> labels, folds = np.array(["dog", "rain"] * 4), np.repeat([1, 2], 4)
        >>> found = cross_validate(lambda train, validation: lambda rows: labels[rows], labels, folds)
        >>> found.measures["f1"].tolist()
        [1.0, 1.0]
    """
    labels, folds = np.asarray(labels).astype(str), np.asarray(folds).astype(str)
    recordings = np.arange(len(labels)) if recordings is None else np.asarray(recordings)
    names = _fold_names(labels, folds, recordings, validation_fraction)
    key = _key(labels, folds, validation_fraction, settings, seed)
    if folder is not None:
        _open_folder(Path(folder), key)
    tables = []
    for name in names:
        path = None if folder is None else Path(folder) / f"fold_{name}.csv"
        if path is None or not path.exists():
            test, others = np.flatnonzero(folds == name), np.flatnonzero(folds != name)
            train, validation = validation_split(others, labels, recordings, validation_fraction, seed)
            answers = np.asarray(fit(train, validation)(test)).astype(str)
            table = pd.DataFrame({"row": test, "fold": name, "label": labels[test], "predicted": answers})
            if path is not None:
                _write_csv(table, path)
        else:
            table = _read_fold(path)
        tables.append(table)
    found = CrossValidation(pd.concat(tables, ignore_index=True))
    if folder is not None:
        found.save(folder)
    return found


def validation_split(
    rows: np.ndarray, labels: np.ndarray, recordings: np.ndarray, fraction: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Keeps a share of each class's items for validation, whole recordings at a time.

    Args:
        rows: positions of the items to divide, `(n,)`.
        labels: of all items.
        recordings: of all items.
        fraction: of the items of each class; 0 keeps none. At least one item of each class stays for training.
        seed: which recordings are taken.

    Returns:
        Positions for training and for validation, each ascending.

    Example:
        >>> rows = np.arange(6)
        >>> train, validation = validation_split(rows, np.array(list("aaabbb")), np.array([0, 0, 1, 2, 3, 4]), 0.34)
        >>> len(train), len(validation)
        (4, 2)
    """
    random = np.random.default_rng(seed)
    kept: list[int] = []
    for label in np.unique(labels[rows]):
        own = rows[labels[rows] == label]
        wanted = round(fraction * len(own))
        for recording in random.permutation(np.unique(recordings[own])):
            part = own[recordings[own] == recording]
            if len(part) <= wanted and len(part) < len(own):
                kept.extend(part)
                wanted -= len(part)
    # A recording with items of two classes must not be on both sides.
    validation = rows[np.isin(recordings[rows], recordings[kept])] if kept else rows[:0]
    return np.setdiff1d(rows, validation), np.sort(validation)


def _fold_names(labels: np.ndarray, folds: np.ndarray, recordings: np.ndarray, fraction: float) -> list[str]:
    if not labels.shape == folds.shape == recordings.shape or labels.ndim != 1:
        raise ValueError(
            "`labels`, `folds` and `recordings` must have one entry for each item. "
            f"Received: shapes {labels.shape}, {folds.shape} and {recordings.shape}."
        )
    if not 0 <= fraction < 1:
        raise ValueError(f"`validation_fraction` must lie between 0 and 1. Received: validation_fraction={fraction}.")
    names = sorted(set(folds.tolist()), key=lambda name: (len(name), name))
    if len(names) < 2:
        raise ValueError(f"Cross-validation needs two folds at least. Received: {len(names)}, {names}.")
    return names


def _key(labels: np.ndarray, folds: np.ndarray, fraction: float, settings: str, seed: int) -> dict:
    items = hashlib.sha256("\n".join([*labels, *folds]).encode()).hexdigest()[:16]
    return {"settings": settings, "validation_fraction": fraction, "seed": seed, "items": items}


def _open_folder(folder: Path, key: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.json"
    if path.exists():
        try:
            there = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"The settings of earlier results cannot be read: '{path}' ({error}). Name another folder, or remove "
                "this one."
            ) from error
        other = sorted(name for name in key if there.get(name) != key[name])
        if other:
            raise ValueError(
                f"The folder '{folder}' has results of another {' and '.join(other)}: "
                f"{', '.join(f'{name}={there.get(name)!r}' for name in other)}. "
                f"Received: {', '.join(f'{name}={key[name]!r}' for name in other)}. Name another folder, or remove it."
            )
        return
    with replaced_file(path) as file:
        file.write(json.dumps(key, indent=2).encode())


def _read_fold(path: Path) -> pd.DataFrame:
    dtypes = {"row": int, "fold": str, "label": str, "predicted": str}
    try:
        return pd.read_csv(path, dtype=dtypes, keep_default_na=False, usecols=list(dtypes))
    except ValueError as error:  # pandas' own errors are such too
        raise ValueError(
            f"Not the results of a fold: '{path}' ({error}). Remove it to train that fold again."
        ) from error


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with replaced_file(path) as file:
        file.write(table.to_csv(index=False).encode())
