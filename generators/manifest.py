"""One table of recordings from CSV files, data frames and folders."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")

Source = str | os.PathLike | pd.DataFrame


def read_manifest(
    source: Source | Sequence[Source] | Mapping[str, Source],
    label_column: str | None = None,
    split: str | None = None,
) -> pd.DataFrame:
    """Reads a table of recordings.

    Args:
        source: one of
            a CSV file (may be compressed) with a column `path`, relative to the file's folder;
            a data frame with a column `path`;
            a folder of audio files: those in a sub-folder have its name as label, a folder without sub-folders gives no
            labels;
            a list of these, or a dict from the corpus's name to one of these: the rows of all, with a column `corpus`, and
            labels that are made distinct as "corpus/label".
        label_column: which column names who or what is heard. None takes `label`, else `speaker`, else none.
        split: keeps the rows with this value in the column `split`. None keeps all.

    Returns:
        A table with the columns `path` (absolute), `label` (strings, where there are labels), `corpus` (where several
        sources were given) and the others of the source, among them `start` and `end` (seconds) and `channel` (index),
        which readers use.

    Raises:
        FileNotFoundError: the CSV file or the folder does not exist.
        ValueError: a column or a split is missing, a label or a path is empty, a row is there twice, a folder cannot
            be read, or no row is left. The message names the source, and the row where there is one.

    Example:
        >>> read_manifest(pd.DataFrame({"path": ["/a/1.wav", "/a/2.wav"], "speaker": ["ann", 7]}))[["path", "label"]]
                path label
        0  /a/1.wav   ann
        1  /a/2.wav     7
    """
    if isinstance(source, Mapping):
        return _join(dict(source), label_column, split)
    if isinstance(source, Sequence) and not isinstance(source, str):
        return _join(_name_sources(source), label_column, split)
    table, name, row_offset = _load(source)
    table = _with_labels(table, label_column, name)
    _check_rows(table, name, row_offset)
    return _with_split(table, split, name).reset_index(drop=True)


def _load(source: Source) -> tuple[pd.DataFrame, str, int]:
    """Returns the table, its name for messages, and the number of its first row as the user counts them."""
    if isinstance(source, pd.DataFrame):
        return _with_paths(source.copy(), Path.cwd(), "the data frame"), "the data frame", 0
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            "`source` must be a CSV file, a data frame, a folder, or a list or dict of these. "
            f"Received: {type(source).__name__}."
        )
    path = Path(source).expanduser().absolute()
    try:
        os.stat(path)
        return (_list_folder(path), f"'{path}'", 0) if path.is_dir() else (_read_csv(path), f"'{path}'", 2)
    except FileNotFoundError:
        raise FileNotFoundError(f"No such manifest or folder: '{path}'. Check the path.") from None
    except PermissionError:
        raise ValueError(f"No permission to read '{path}'. Change its permissions (chmod +rx) or name another.") from None


def _read_csv(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in AUDIO_SUFFIXES:
        raise ValueError(
            f"A manifest is a CSV file or a folder. Received the audio file '{path}'. Name its folder, or list it in a CSV."
        )
    try:
        # Labels such as 007, NA or None are names, not numbers or gaps.
        table = pd.read_csv(path, dtype={"label": str, "speaker": str, "path": str}, keep_default_na=False, na_values=[""])
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(
            f"Not a CSV file: '{path}' ({error}). A manifest needs a line of column names, `path` among them."
        ) from error
    return _with_paths(table, path.parent, f"'{path}'")


def _list_folder(folder: Path) -> pd.DataFrame:
    def refuse(error: OSError) -> None:
        raise ValueError(f"Folder '{error.filename}' cannot be read. Change its permissions (chmod +rx) or move it.") from error

    files = sorted(
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=refuse)
        for name in names
        if name.lower().endswith(AUDIO_SUFFIXES) and not name.startswith(".")
    )
    if not files:
        raise ValueError(f"No audio file (wav, flac, ogg, mp3) in folder '{folder}' or below. Name another folder.")
    table = pd.DataFrame({"path": [str(file) for file in files]})
    loose = [file for file in files if file.parent == folder]
    if len(loose) == len(files):
        return table
    if loose:
        raise ValueError(
            f"Folder '{folder}' holds audio files both beside and in sub-folders, so that '{loose[0].name}' has no label. "
            "Move the loose files into a sub-folder named by their label."
        )
    return table.assign(label=[file.relative_to(folder).parts[0] for file in files])


def _with_paths(table: pd.DataFrame, folder: Path, name: str) -> pd.DataFrame:
    if "path" not in table.columns:
        raise ValueError(f"No column `path` in {name}. Its columns: {', '.join(map(str, table.columns))}. Rename one.")
    empty = table["path"].isna() | (table["path"].astype(str).str.strip() == "")
    table["path"] = [value if gap else os.path.normpath(folder / str(value)) for value, gap in zip(table["path"], empty, strict=True)]
    table.loc[empty, "path"] = None
    return table
