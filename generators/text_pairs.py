"""Pairs of texts, graded or the same and not the same, from a CSV file or a data frame."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.generators.pair_files import SAME
from comparators.generators.row_names import name_rows
from comparators.generators.text_table import filled_texts, read_text_table


def read_text_pairs(
    source: str | os.PathLike | pd.DataFrame,
    text_columns: tuple[str, str] = ("sentence1", "sentence2"),
    score_column: str | None = "score",
    split: str | None = None,
    largest_score: float | None = None,
) -> tuple[list[str], pd.DataFrame]:
    """Reads pairs of texts, such as those of the STS benchmark, as distinct texts and what pairs they are in.

    Args:
        source: a CSV file, or with the suffix .tsv one with tabs (may be compressed), in UTF-8; or a data frame.
        text_columns: names of the columns with the two texts of a pair.
        score_column: name of the column that says how alike they are: numbers, or true and false, yes and no. None
            where all pairs belong together, as questions and their answers do: each then has 1.
        split: keeps the rows with this value in the column `split`. None keeps all.
        largest_score: judgements go from 0 to this, 5 in the STS benchmark, and are divided by it, as
            `CosineRegressionLoss` needs them. None leaves them as they are.

    Returns:
        The distinct texts, each once; and a table with a row for each pair: `item_a` and `item_b`, positions of its
        texts, `same`, float32, and the source's other columns. They go into a `PairTable`, the texts as
        `TextItems(texts, tokenizer)`; `pairs[["item_a", "item_b"]]` are rows for `Rows`.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the source is of another kind.
        ValueError: a column or the split is missing, a text is missing (all such rows are counted), a score is no
            number or not from 0 to `largest_score`, or there are no rows. The message names the source and the rows.

    Example:
        >>> table = pd.DataFrame({"sentence1": ["a dog", "the sea"], "sentence2": ["dogs", "a dog"], "score": [4.5, 0]})
        >>> texts, pairs = read_text_pairs(table, largest_score=5)
        >>> texts, pairs.to_numpy().round(2).tolist()
        (['a dog', 'the sea', 'dogs'], [[0.0, 2.0, 0.9], [1.0, 0.0, 0.0]])
    """
    if largest_score is not None and not 0 < largest_score < np.inf:
        raise ValueError(f"`largest_score` must be positive. Received: largest_score={largest_score}.")
    if isinstance(source, pd.DataFrame):
        table, name, first_row = source.reset_index(drop=True), "the data frame", 0
    elif isinstance(source, str | os.PathLike):
        path = Path(source).expanduser()
        table, name, first_row = read_text_table(path), f"'{path}'", 2
    else:
        raise TypeError(f"`source` must be a CSV file or a data frame. Received: {type(source).__name__}.")
    table = _select_split(table, split, name)
    texts = filled_texts(table, tuple(text_columns), name, first_row)
    same = _read_scores(table, score_column, largest_score, name, first_row)
    positions, distinct = pd.factorize(texts)
    first, second = positions.reshape(2, -1)
    pairs = pd.DataFrame({"item_a": first, "item_b": second, "same": same})
    others = table.drop(columns=[*text_columns, *([] if score_column is None else [score_column])])
    others = others.rename(columns={column: f"{column}_of_source" for column in pairs.columns})
    return distinct.tolist(), pairs.join(others.reset_index(drop=True))


def _select_split(table: pd.DataFrame, split: str | None, name: str) -> pd.DataFrame:
    """Returns the rows of a split, with the index that they had, so that messages name them rightly."""
    if split is not None:
        if "split" not in table.columns:
            raise ValueError(
                f"No column `split` in {name}. Its columns: {', '.join(map(str, table.columns))}. Leave `split` out."
            )
        splits = table["split"].astype(str)
        if not (splits == split).any():
            names = ", ".join(sorted(splits.unique())) or "none"
            raise ValueError(f"No row of split '{split}' in {name}. Its splits: {names}.")
        table = table[splits == split]
    if table.empty:
        raise ValueError(f"No rows in {name}. Add a row for each pair.")
    return table


def _read_scores(
    table: pd.DataFrame, column: str | None, largest: float | None, name: str, first_row: int
) -> np.ndarray:
    if column is None:
        return np.ones(len(table), np.float32)
    if column not in table.columns:
        columns = ", ".join(map(str, table.columns))
        raise ValueError(
            f"No column `{column}` in {name}. Its columns: {columns}. Name another, or None where all pairs belong "
            "together."
        )
    values = table[column]
    words = values.astype(str).str.strip().str.lower().map(SAME)
    scores = pd.to_numeric(values, errors="coerce").astype(float).fillna(words).to_numpy(float)
    wrong, expected = ~np.isfinite(scores), "a number"
    if largest is not None and not wrong.any():
        wrong, expected = (scores < 0) | (scores > largest), f"from 0 to {largest}"
    if wrong.any():
        rows = table.index[wrong]
        raise ValueError(
            f"`{column}` must be {expected}. Received: {values.iloc[wrong.argmax()]!r} in "
            f"{name_rows(rows, first_row)} of {name}, {wrong.sum()} such in all. Correct or remove them."
        )
    return (scores / (largest or 1.0)).astype(np.float32)
