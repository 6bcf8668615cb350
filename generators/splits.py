"""Splits of a table whose parts have no label in common."""

import numpy as np
import pandas as pd


def split_by_label(
    table: pd.DataFrame, fraction: float, seed: int = 0, min_items: int = 2
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Holds out a share of the labels, so that a model is judged on labels it never saw.

    With a column `corpus`, the same share of each corpus is held out.

    Args:
        table: with a column `label`, as `read_manifest` returns it.
        fraction: share of the labels to hold out, between 0 and 1.
        seed: a non-negative integer; the same seed gives the same split.
        min_items: labels with fewer rows are never held out: they give no (or few) pairs to judge by.

    Returns:
        The rows to train on and the rows held out, each in the table's order.

    Raises:
        ValueError: there is no column `label`, an argument is out of its range, or the labels are too few.

    Example:
        >>> table = pd.DataFrame({"path": list("abcdef"), "label": list("xxyyzz")})
        >>> train, held_out = split_by_label(table, fraction=0.34)
        >>> train["label"].nunique(), held_out["label"].nunique()
        (2, 1)
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`fraction` must lie between 0 and 1. Received: fraction={fraction}.")
    labels = _labels(table, seed, min_items)
    count = round(fraction * len(labels))
    able = labels[labels["able"]]
    if not 1 <= count <= len(able) or count == len(labels):
        raise ValueError(
            f"{count} of {len(labels)} labels were to be held out, of which {len(able)} have at least {min_items} "
            f"items. Received: fraction={fraction}, min_items={min_items}. Change one of them, or add labels."
        )
    # Each label's place among those of its corpus, from 0 to 1: the first ones are as many of each corpus.
    place = (able.groupby("corpus").cumcount() + 0.5) / able.groupby("corpus")["corpus"].transform("size")
    return _part(table, place.sort_values(kind="stable").index[:count])


def label_folds(
    table: pd.DataFrame, num_folds: int, seed: int = 0, min_items: int = 1
) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Splits a table for cross-validation by label: each label is held out in one fold.

    Args:
        table: with a column `label`; with a column `corpus`, each fold holds out as much of each corpus.
        num_folds: at least 2.
        seed: a non-negative integer; the same seed gives the same folds.
        min_items: labels with fewer rows are never held out.

    Returns:
        For each fold, the rows to train on and the rows held out, each in the table's order.

    Raises:
        ValueError: there is no column `label`, or there are fewer labels than folds.

    Example:
        >>> table = pd.DataFrame({"path": list("abcdef"), "label": list("uvwxyz")})
        >>> [len(held_out) for train, held_out in label_folds(table, num_folds=3)]
        [2, 2, 2]
    """
    if num_folds < 2:
        raise ValueError(f"`num_folds` must be at least 2. Received: num_folds={num_folds}.")
    labels = _labels(table, seed, min_items)
    able = labels[labels["able"]].sort_values("corpus", kind="stable").index
    if len(able) < num_folds:
        raise ValueError(
            f"`num_folds` must not be more than the labels with at least {min_items} items: {len(able)}. "
            f"Received: num_folds={num_folds}. Lower it, or add labels."
        )
    return [_part(table, able[fold::num_folds]) for fold in range(num_folds)]


def _labels(table: pd.DataFrame, seed: int, min_items: int) -> pd.DataFrame:
    """Returns the labels in random order, with their corpus and whether they have enough items to be held out."""
    if "label" not in table.columns:
        raise ValueError(f"`table` must have a column `label`. Received: {', '.join(map(str, table.columns))}.")
    groups = table.assign(corpus=table["corpus"] if "corpus" in table.columns else "").groupby("label")
    labels = pd.DataFrame({"corpus": groups["corpus"].first(), "able": groups.size() >= min_items})
    return labels.iloc[np.random.default_rng(seed).permutation(len(labels))]


def _part(table: pd.DataFrame, held_out: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    mask = table["label"].isin(held_out)
    return table[~mask].reset_index(drop=True), table[mask].reset_index(drop=True)
