"""CSV files as tables of strings, their columns looked at, and texts on the command line."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.generators.media_folder import MEDIA_NAMES, media_of
from comparators.generators.readable_file import check_readable_file
from comparators.generators.text_table import not_unicode, read_text_table


def read_csv(path: Path, of_texts: bool = False) -> pd.DataFrame:
    """Reads a CSV file, every column as strings, so that the name 007 stays as it is; nothing is NaN.

    Args:
        path: the file.
        of_texts: a table of texts, see `read_text_table`, where a comma that is not in quotes is an error.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is none.
    """
    if media_of(path) is not None:
        raise ValueError(f"A CSV file or a folder is expected. Received {MEDIA_NAMES[media_of(path)]} '{path}'.")
    if of_texts:
        return read_text_table(path).replace("", np.nan)
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise FileNotFoundError(f"No such table or folder: '{path}'. Check the path.") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError, EOFError) as error:
        raise ValueError(f"Not a CSV file: '{path}' ({error}). It begins with a line of column names.") from error


def read_text(query: str) -> str:
    """Returns the text that is meant on the command line: as it stands, or what is in a .txt file.

    Raises:
        FileNotFoundError: if the name of a .txt file is given, and there is no such file.
        ValueError: if the file is not UTF-8.
    """
    path = Path(query)
    if path.suffix.lower() != ".txt" or (" " in query and not path.is_file()):
        return query
    check_readable_file(query, "text file")
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise not_unicode(path, error) from error


def select_split(table: pd.DataFrame, split: str | None, path: Path) -> pd.DataFrame:
    """Returns the rows with a value in the column `split`; all without one.

    Raises:
        ValueError: if there is no such column, or no such row.
    """
    if split is not None:
        if "split" not in table:
            raise ValueError(f"No column `split` in '{path}'. Its columns: {list_names(table)}. Leave --split out.")
        if not (table["split"] == split).any():
            splits = sorted(table["split"].dropna().unique())
            raise ValueError(f"No row of split '{split}' in '{path}'. Its splits: {list_names(splits)}.")
        table = table[table["split"] == split]
    if table.empty:
        raise ValueError(f"No rows in '{path}'. Add a row for each match.")
    return table


def filled_column(table: pd.DataFrame, names: Sequence[str], what_for: str, path: Path) -> pd.Series:
    """Returns the first column of some names that there is.

    Raises:
        ValueError: if there is none, or it has gaps.
    """
    name = next((name for name in names if name in table), None)
    if name is None:
        raise ValueError(
            f"No column `{'` or `'.join(names)}` in '{path}', which {what_for} needs. Its columns: "
            f"{list_names(table)}. Rename or add it."
        )
    empty = table[name].isna() | (table[name].str.strip() == "")
    if empty.any():
        # The first row of a CSV file is that of the names.
        raise ValueError(f"Empty `{name}` in row {empty.idxmax() + 2} of '{path}'. Fill it in or remove the row.")
    return table[name]


def numbers(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """Returns a column of numbers, NaN where there is none.

    Raises:
        ValueError: if a value is no number.
    """
    values = pd.to_numeric(table[name], errors="coerce")
    wrong = values.isna() & table[name].notna()
    if wrong.any():
        raise ValueError(
            f"`{name}` must be a number. Received: '{table.loc[wrong, name].iloc[0]}' in row {wrong.idxmax() + 2} of "
            f"'{path}'."
        )
    return values


def list_names(names: Iterable) -> str:
    """Lists names for a message."""
    return ", ".join(map(str, names)) or "none"
