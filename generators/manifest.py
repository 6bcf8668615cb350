"""One table of recordings or images from CSV and JSON files, data frames and folders."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from comparators.generators.clip_json import CLIP_COLUMNS, read_clip_json
from comparators.generators.media_folder import MEDIA_NAMES, list_media_folder, media_of

Source = str | os.PathLike | pd.DataFrame

_ITEM = ("path", "start", "end", "channel")


def read_manifest(
    source: Source | Sequence[Source] | Mapping[str, Source],
    label_column: str | None = None,
    split: str | None = None,
    media: str | None = None,
) -> pd.DataFrame:
    """Reads a table of recordings or images.

    A source is a CSV file (may be compressed) with a column `path`, relative to the file's folder; a JSON file of clips
    as AST and CAV-MAE take it, `{"data": [{"video_id", "wav", "video_path", "labels"}, ...]}`, whose `wav` is the path;
    a data frame with a column `path`; or a folder of folders, where the recordings or images in a sub-folder, at any
    depth, have its name as label (a folder with such files beside its sub-folders gives no labels).

    Args:
        source: one source; or a list of sources, or a dict from a corpus's name to its source, read as one table with
            a column `corpus` and labels made distinct as "corpus/label".
        label_column: which column names who or what is heard or seen, such as the `labels` of clips where each has one.
            None takes `label`, else `speaker`, else none.
        split: keeps the rows with this value in the column `split`. None keeps all.
        media: `"audio"` or `"image"`, which files of a folder to take; None takes the one kind that a folder holds.

    Returns:
        A table with the columns `path` (absolute; so is `video_path`, where there is one), `label` (strings, where
        there are labels), `corpus` (where several sources were given) and the others of the source, among them `start`
        and `end` (seconds) and `channel` (index), which readers use.

    Raises:
        FileNotFoundError: the file or the folder does not exist.
        TypeError: the source is of another kind.
        ValueError: a column or a split is missing, a label or a path is empty, a row is there twice, a source cannot
            be read (a trailing comma in JSON is told with its line) or has no rows, a folder holds recordings and
            images and `media` is None. The message names the source, and the row where there is one.

    Example:
        >>> read_manifest(pd.DataFrame({"path": ["/a/1.wav", "/a/2.wav"], "speaker": ["ann", 7]}))[["path", "label"]]
               path label
        0  /a/1.wav   ann
        1  /a/2.wav     7
    """
    if isinstance(source, Mapping):
        return _read_corpora(dict(source), label_column, split, media)
    if isinstance(source, Sequence) and not isinstance(source, str):
        return _read_corpora(_name_corpora(source), label_column, split, media)
    if isinstance(source, pd.DataFrame):
        table, folder, name, first_row = source.reset_index(drop=True), Path.cwd(), "the data frame", 0
    elif isinstance(source, str | os.PathLike):
        path = Path(source).expanduser().absolute()
        table, folder, name = _read_path(path, label_column, media), path.parent, f"'{path}'"
        first_row = 0 if _is_json(path) else 2  # in a CSV file the first row is that of the names
    else:
        raise TypeError(
            "`source` must be a CSV or JSON file, a data frame, a folder, or a list or a dict of these. "
            f"Received: {type(source).__name__}."
        )
    table = _with_label(_select_split(table, split, name), label_column, name)
    _check_filled(table, name, first_row)
    table = _with_numbers(table, name, first_row)
    for column in [column for column in ("path", "video_path") if column in table.columns]:
        table = table.assign(**{column: table[column].map(partial(_absolute, folder), na_action="ignore")})
    _check_distinct(table, name, first_row)
    return table.reset_index(drop=True)


def is_manifest(path: str | os.PathLike) -> bool:
    """Tells whether a path names a table of files by its suffix, and not a recording or an image.

    Example:
        >>> is_manifest("voices.csv.gz"), is_manifest("clips.json"), is_manifest("voice.wav")
        (True, True, False)
    """
    return not media_of(path) and (".csv" in Path(path).suffixes or _is_json(Path(path)))


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _read_corpora(
    sources: dict[str, Source], label_column: str | None, split: str | None, media: str | None
) -> pd.DataFrame:
    if not sources:
        raise ValueError("`source` must name at least one file, data frame or folder. Received none.")
    tables = {}
    for corpus, source in sources.items():
        table = read_manifest(source, label_column, split, media)
        if "corpus" in table.columns:
            raise ValueError(f"Corpus '{corpus}' already has a column `corpus`. Rename it, or read it on its own.")
        if "label" in table.columns:
            table["label"] = f"{corpus}/" + table["label"]
        tables[corpus] = table.assign(corpus=str(corpus))
    unlabelled = [corpus for corpus, table in tables.items() if "label" not in table.columns]
    if 0 < len(unlabelled) < len(tables):
        raise ValueError(f"No labels in corpus {', '.join(unlabelled)}, but in others. Add a column `label` to each.")
    return pd.concat(tables.values(), ignore_index=True)


def _name_corpora(sources: Sequence[Source]) -> dict[str, Source]:
    """Names each source by its file, or by its folder where the file is just called manifest.csv."""
    named: dict[str, Source] = {}
    for number, source in enumerate(sources, start=1):
        name = f"corpus{number}"
        if isinstance(source, str | os.PathLike):
            path = Path(source).expanduser().absolute()
            name = path.parent.name if path.name.startswith("manifest.") else path.name.split(".")[0]
        named[f"{name}-{number}" if name in named else name] = source
    return named


def _read_path(path: Path, label_column: str | None, media: str | None) -> pd.DataFrame:
    try:
        os.stat(path)
        if path.is_dir():
            return list_media_folder(path, media)
        return read_clip_json(path) if _is_json(path) else _read_csv(path, label_column)
    except FileNotFoundError:
        raise FileNotFoundError(f"No such manifest or folder: '{path}'. Check the path.") from None
    except PermissionError:
        raise ValueError(
            f"No permission to read '{path}'. Change its permissions (chmod +r) or name another."
        ) from None


def _read_csv(path: Path, label_column: str | None) -> pd.DataFrame:
    if media_of(path) is not None:
        raise ValueError(
            f"A CSV file or a folder is expected. Received {MEDIA_NAMES[media_of(path)]} '{path}'. "
            "Name its folder or list it in a CSV."
        )
    # A label that reads 007, NA or None is a name, neither a number nor a gap; so is the name of a clip.
    names = ["path", "label", "speaker", "split", *CLIP_COLUMNS, *([label_column] if label_column else [])]
    texts = dict.fromkeys(names, str)
    try:
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError, EOFError) as error:
        raise ValueError(
            f"Not a CSV file: '{path}' ({error}). A manifest begins with a line of column names, `path` among them."
        ) from error
    return table


def _absolute(folder: Path, path: str) -> str:
    return os.path.normpath(folder / str(path))


def _select_split(table: pd.DataFrame, split: str | None, name: str) -> pd.DataFrame:
    if "path" not in table.columns:
        raise ValueError(f"No column `path` in {name}. Its columns: {_list(table.columns)}. Rename the one with files.")
    if split is not None:
        if "split" not in table.columns:
            raise ValueError(f"No column `split` in {name}. Its columns: {_list(table.columns)}. Leave `split` out.")
        splits = table["split"].astype(str)
        if not (splits == split).any():
            raise ValueError(f"No row of split '{split}' in {name}. Its splits: {_list(sorted(splits.unique()))}.")
        table = table[splits == split]
    if table.empty:
        raise ValueError(f"No rows in {name}. Add a row for each file.")
    return table


def _with_label(table: pd.DataFrame, label_column: str | None, name: str) -> pd.DataFrame:
    if label_column is None:
        label_column = next((column for column in ("label", "speaker") if column in table.columns), None)
        if label_column is None:
            return table
    elif label_column not in table.columns:
        raise ValueError(
            f"No column `{label_column}` in {name}. Its columns: {_list(table.columns)}. Name one of them."
        )
    labels = table[label_column]
    return table.assign(label=labels.astype(str).where(labels.notna()))


def _check_filled(table: pd.DataFrame, name: str, first_row: int) -> None:
    for column in [column for column in ("path", "label") if column in table.columns]:
        empty = table[column].isna() | (table[column].astype(str).str.strip() == "")
        if empty.any():
            raise ValueError(
                f"Empty `{column}` in {_rows(table.index[empty], first_row)} of {name}. Fill it in or remove the row."
            )


def _with_numbers(table: pd.DataFrame, name: str, first_row: int) -> pd.DataFrame:
    for column in [column for column in ("start", "end", "channel") if column in table.columns]:
        numbers = pd.to_numeric(table[column], errors="coerce")
        wrong = numbers.isna() & table[column].notna()
        if wrong.any():
            raise ValueError(
                f"`{column}` must be a number. Received: '{table.loc[wrong, column].iloc[0]}' in "
                f"{_rows(table.index[wrong], first_row)} of {name}."
            )
        table = table.assign(**{column: numbers})
    return table


def _check_distinct(table: pd.DataFrame, name: str, first_row: int) -> None:
    again = table.duplicated([column for column in _ITEM if column in table.columns])
    if again.any():
        example = table.loc[again, "path"].iloc[0]
        raise ValueError(
            f"Listed twice in {name}: {_rows(table.index[again], first_row)}, such as '{example}'. Remove the copies."
        )


def _rows(index: pd.Index, first_row: int) -> str:
    numbers = [str(number + first_row) for number in index[:5]]
    return ("row " if len(index) == 1 else "rows ") + ", ".join(numbers) + (" ..." if len(index) > 5 else "")


def _list(values) -> str:
    return ", ".join(map(str, values)) or "none"
