"""Ready pairs of files from a CSV file or a data frame."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.generators.row_names import name_rows

_ITEM = ("path", "start", "end", "channel")
#: Ways to say that the two of a pair are the same, or not.
SAME = {"1": 1.0, "true": 1.0, "yes": 1.0, "1.0": 1.0, "0": 0.0, "false": 0.0, "no": 0.0, "0.0": 0.0}


def read_pair_table(source: str | os.PathLike | pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads a table of ready pairs of recordings or images, and looks whether all of the files are there.

    Args:
        source: a CSV file (may be compressed) with paths relative to its folder, or a data frame with paths relative
            to the working directory. Columns `path_a` and `path_b`; `same` (1 or 0, true or false, yes or no) or,
            where there is no such, `score` (a number, for graded pairs); `start_a`, `start_b`, `end_a`, ... (seconds)
            and `channel_a`, `channel_b` (index), where there are such, for parts of recordings.

    Returns:
        Two tables. `files` lists each file (part) once, with an absolute `path`: the table for `ImageItems` or
        `AudioItems`. `pairs` has a row for each pair: `item_a` and `item_b`, positions in `files`, `same` float32, and
        the source's other columns; whole or in part (one split, say) it goes into a `PairTable`.

    Raises:
        FileNotFoundError: the CSV file, or files that it names, do not exist; the message counts them and names the
            first and their rows.
        TypeError: the source is of another kind.
        ValueError: a column is missing, a path is empty, a value of `same` or `score` cannot be read, or there are no
            rows. The message names the source and the rows.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in "xyz":
        ...         Path(folder, f"{name}.png").touch()
        ...     _ = Path(folder, "pairs.csv").write_text("path_a,path_b,same\\nx.png,y.png,yes\\nz.png,x.png,no\\n")
        ...     files, pairs = read_pair_table(Path(folder, "pairs.csv"))
        >>> [Path(path).name for path in files["path"]], pairs.to_numpy().tolist()
        (['x.png', 'z.png', 'y.png'], [[0.0, 2.0, 1.0], [1.0, 0.0, 0.0]])
    """
    if isinstance(source, pd.DataFrame):
        table, folder, name, first_row = source.reset_index(drop=True), Path.cwd(), "the data frame", 0
    elif isinstance(source, str | os.PathLike):
        path = Path(source).expanduser().absolute()
        table, folder, name, first_row = _read_csv(path), path.parent, f"'{path}'", 2
    else:
        raise TypeError(f"`source` must be a CSV file or a data frame. Received: {type(source).__name__}.")
    target = _check_columns(table, name)
    same = _read_same(table[target], name, first_row)
    sides = [_side(table, side, folder, name, first_row) for side in ("a", "b")]
    files = pd.concat(sides, ignore_index=True)
    _check_exist(files["path"], len(table), name, first_row)
    positions, files = _distinct(files)
    used = [column for column in table.columns if column == target or _is_of_a_side(column)]
    first, second = positions.reshape(2, -1)
    pairs = pd.DataFrame({"item_a": first, "item_b": second, "same": same})
    others = table.drop(columns=used)
    return files, pairs.join(others.rename(columns={name: f"{name}_of_source" for name in pairs.columns}))


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(["path_a", "path_b", "same"], str), keep_default_na=False)
    except FileNotFoundError:
        raise FileNotFoundError(f"No such table of pairs: '{path}'. Check the path.") from None
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(
            f"Not a CSV file: '{path}' ({error}). A table of pairs begins with a line of column names, `path_a`, "
            "`path_b` and `same` among them."
        ) from error


def _check_columns(table: pd.DataFrame, name: str) -> str:
    """Returns the column that says which pairs are the same."""
    columns = ", ".join(map(str, table.columns)) or "none"
    for column in ("path_a", "path_b"):
        if column not in table.columns:
            raise ValueError(f"No column `{column}` in {name}. Its columns: {columns}. Rename the ones with files.")
    target = next((column for column in ("same", "score") if column in table.columns), None)
    if target is None:
        raise ValueError(
            f"No column `same` or `score` in {name}. Its columns: {columns}. Add `same`, 1 or 0 for each pair; where "
            "files have labels in place of pairs, `Pairs` draws the pairs."
        )
    if table.empty:
        raise ValueError(f"No rows in {name}. Add a row for each pair.")
    return target


def _read_same(values: pd.Series, name: str, first_row: int) -> np.ndarray:
    if values.name == "same":
        numbers = values.astype(str).str.strip().str.lower().map(SAME)
        expected = "1 or 0, true or false, yes or no"
    else:
        numbers = pd.to_numeric(values, errors="coerce")
        expected = "a finite number"
    numbers = numbers.to_numpy(float, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        raise ValueError(
            f"`{values.name}` must be {expected}. Received: {values.iloc[wrong[0]]!r} in "
            f"{name_rows(wrong, first_row)} of {name}. Correct or remove {'it' if len(wrong) == 1 else 'them'}."
        )
    return numbers.astype(np.float32)


def _side(table: pd.DataFrame, side: str, folder: Path, name: str, first_row: int) -> pd.DataFrame:
    part = pd.DataFrame({column: table[f"{column}_{side}"] for column in _ITEM if f"{column}_{side}" in table.columns})
    empty = np.flatnonzero(part["path"].isna() | (part["path"].astype(str).str.strip() == ""))
    if len(empty):
        raise ValueError(
            f"Empty `path_{side}` in {name_rows(empty, first_row)} of {name}. Fill it in or remove the row."
        )
    for column in part.columns.drop("path"):
        numbers = pd.to_numeric(part[column].replace("", np.nan), errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & part[column].notna() & (part[column] != ""))
        if len(wrong):
            raise ValueError(
                f"`{column}_{side}` must be a number. Received: {part[column].iloc[wrong[0]]!r} in "
                f"{name_rows(wrong, first_row)} of {name}."
            )
        part[column] = numbers.astype(float)
    return part.assign(path=[os.path.normpath(folder / str(path)) for path in part["path"]])


def _check_exist(paths: pd.Series, num_pairs: int, name: str, first_row: int) -> None:
    distinct = paths.unique()
    missing = [path for path in distinct if not os.path.exists(path)]
    if missing:
        rows = np.unique(np.flatnonzero(paths.isin(missing)) % num_pairs)
        raise FileNotFoundError(
            f"{len(missing)} of {len(distinct)} files of {name} are missing, in {name_rows(rows, first_row)}: "
            f"{', '.join(map(repr, missing[:3]))}{' ...' if len(missing) > 3 else ''}. "
            "Paths are relative to the folder of the table. Correct them or remove the rows."
        )


def _distinct(files: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Returns for each row its position among the distinct ones, and those."""
    positions = files.groupby(list(files.columns), sort=False, dropna=False).ngroup().to_numpy()
    return positions, files.drop_duplicates(ignore_index=True)


def _is_of_a_side(column: str) -> bool:
    return column in {f"{name}_{side}" for name in _ITEM for side in "ab"}
