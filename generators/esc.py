"""ESC-50 and ESC-10 as tables with folds."""

import os
import re
from pathlib import Path

import pandas as pd

from comparators.generators.manifest import read_manifest
from comparators.generators.media_folder import list_media_folder

_CLIP = re.compile(r"(?P<fold>\d+)-(?P<recording>\d+)-(?P<take>[A-Z]+)(?:-(?P<target>\d+))?")
_NUMBER = re.compile(r"^\d+\s*-\s*")


def read_esc(source: str | os.PathLike, esc10: bool = False) -> pd.DataFrame:
    """Reads ESC-50, ESC-10, or any table of recordings with a column `fold`.

    Four forms are read: the official ESC-50 folder with `meta/esc50.csv` and `audio/`; a folder with `manifest.csv`;
    such a CSV file itself, with the columns `path`, `label` and `fold`; and a folder of clips alone, named
    FOLD-CLIPID-TAKE-CLASS.wav, or FOLD-CLIPID-TAKE.ogg in a folder for each class, as ESC-10 has it.

    Args:
        source: folder or CSV file.
        esc10: takes ESC-50's clips of the ten classes of ESC-10 alone.

    Returns:
        A table with the columns `path` (absolute), `label`, `fold` (strings), and, where the names of the clips tell
        it, `recording`: the recording that a clip was cut from.

    Raises:
        FileNotFoundError: there is no such folder or file.
        ValueError: no folds are told, a table is empty or damaged, the names are others, or `esc10` is asked for where
            nothing says which clips.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("1-100032-A-0.wav", "2-100038-B-14.wav"):
        ...         Path(folder, name).touch()
        ...     read_esc(folder)[["label", "fold", "recording"]].values.tolist()
        [['0', '1', '100032'], ['14', '2', '100038']]

    Reference:
        Piczak 2015, ESC: dataset for environmental sound classification.
    """
    source = Path(source).expanduser()
    meta, manifest = source / "meta" / "esc50.csv", source / "manifest.csv"
    if meta.is_file():
        table = _read_meta(meta, esc10)
    else:
        if esc10:
            raise ValueError(
                f"`esc10` needs ESC-50's `meta/esc50.csv`, which says the ten classes. Received: '{source}'."
            )
        table = _read_clips(source) if source.is_dir() and not manifest.is_file() else _read_table(source, manifest)
    matches = [_CLIP.match(Path(path).stem) for path in table["path"]]
    if "recording" not in table and all(matches):
        table["recording"] = [match["recording"] for match in matches]
    return table


def _read_meta(meta: Path, esc10: bool) -> pd.DataFrame:
    try:
        table = pd.read_csv(meta, dtype={"fold": str, "category": str, "src_file": str, "esc10": str})
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"Not a CSV file: '{meta}' ({error}). Copy it from the data set again.") from error
    missing = {"filename", "fold", "category"} - set(table.columns)
    if missing:
        raise ValueError(f"'{meta}' must have the columns filename, fold and category. Missing: {sorted(missing)}.")
    if esc10:
        table = table[table["esc10"].str.lower() == "true"]
    audio = meta.absolute().parents[1] / "audio"
    table = table.rename(columns={"category": "label", "src_file": "recording"}).reset_index(drop=True)
    return table.assign(path=[str(audio / name) for name in table["filename"]])


def _read_table(source: Path, manifest: Path) -> pd.DataFrame:
    table = read_manifest(manifest if manifest.is_file() else source)
    missing = [column for column in ("label", "fold") if column not in table]
    if missing:
        raise ValueError(
            f"Cross-validation needs a column `{missing[0]}`. Received: '{source}' with the columns "
            f"{', '.join(table.columns)}."
        )
    return table.assign(fold=_as_names(table["fold"]))


def _read_clips(folder: Path) -> pd.DataFrame:
    paths = list_media_folder(folder, "audio")["path"]
    matches = [_CLIP.fullmatch(Path(path).stem) for path in paths]
    wrong = [path for path, match in zip(paths, matches, strict=True) if match is None]
    if wrong:
        raise ValueError(
            f"Clips must be named FOLD-CLIPID-TAKE-CLASS, or there must be a `manifest.csv` with columns path, label "
            f"and fold. Received: '{wrong[0]}'" + (f" and {len(wrong) - 1} others." if len(wrong) > 1 else ".")
        )
    labels = [
        match["target"] or _NUMBER.sub("", Path(path).parent.name) for path, match in zip(paths, matches, strict=True)
    ]
    return pd.DataFrame({"path": paths, "label": labels, "fold": [match["fold"] for match in matches]})


def _as_names(column: pd.Series) -> pd.Series:
    if column.isna().any():
        raise ValueError(f"Every row must have a `fold`. Received: {int(column.isna().sum())} without one.")
    whole = pd.api.types.is_float_dtype(column) and (column == column.round()).all()
    return (column.astype(int) if whole else column).astype(str)
