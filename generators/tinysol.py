"""TinySOL, notes of 14 instruments, as a table with seen and unseen classes."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.generators.row_names import name_rows
from comparators.generators.zero_shot_split import ZeroShotSplit, find_split

METADATA = "TinySOL_metadata.csv"

# By abbreviation, since the full names differ between the versions of the metadata ("Clarinet in Bb", "in B-flat").
TINYSOL_CLASSES = {
    "Acc": "accordion",
    "ASax": "saxophone",
    "BTb": "tuba",
    "Bn": "bassoon",
    "Cb": "contrabass",
    "ClBb": "clarinet",
    "Fl": "flute",
    "Hn": "horn",
    "Ob": "oboe",
    "Tbn": "trombone",
    "TpC": "trumpet",
    "Va": "viola",
    "Vc": "cello",
    "Vn": "violin",
}
TINYSOL_SPLITS = {
    "9/5": ZeroShotSplit(
        ("horn", "violin", "flute", "contrabass", "trombone", "cello", "clarinet", "oboe", "accordion"),
        ("bassoon", "viola", "trumpet", "tuba", "saxophone"),
    ),
    "7/7": ZeroShotSplit(
        ("bassoon", "cello", "flute", "oboe", "trumpet", "tuba", "violin"),
        ("accordion", "clarinet", "contrabass", "horn", "saxophone", "trombone", "viola"),
    ),
    "4/4": ZeroShotSplit(("bassoon", "flute", "trumpet", "violin"), ("cello", "clarinet", "horn", "saxophone")),
}
TEST_FOLD = 4
_ABBREVIATION = "Instrument (abbr.)"


def read_tinysol(
    folder: str | os.PathLike, split: str | ZeroShotSplit = "9/5", metadata: str | os.PathLike | None = None
) -> pd.DataFrame:
    """Reads TinySOL as a table for zero-shot learning.

    Args:
        folder: where the metadata's paths begin, such as "Brass/Bass_Tuba/...".
        split: which classes are seen: `"9/5"` or `"7/7"`, as published for words, `"4/4"`, those that PPMI has
            pictures of (`read_ppmi`), or a split of your own. Classes of neither part are left out.
        metadata: the CSV file with the columns `Path`, `Fold` and `Instrument (abbr.)`. None takes
            `TinySOL_metadata.csv` in the folder.

    Returns:
        A table with the columns `path` (absolute), `label` (one word, see `TINYSOL_CLASSES`), `split`, `fold` (0 to
        4), and those of the metadata. `split` is "train" (seen classes, folds 0 to 3), "test" (seen classes, fold 4)
        or "unseen" (unseen classes, all folds).

    Raises:
        FileNotFoundError: the metadata or recordings are missing.
        ValueError: the metadata is no such table, a fold or an instrument is another, or there is no such split.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     text = "Path,Fold,Instrument (abbr.)\\na.wav,0,Hn\\nb.wav,4,Hn\\nc.wav,2,Va\\n"
        ...     _ = Path(folder, "TinySOL_metadata.csv").write_text(text)
        ...     for name in "abc":
        ...         Path(folder, f"{name}.wav").touch()
        ...     table = read_tinysol(folder)
        >>> table[["label", "split"]].to_numpy().tolist()
        [['horn', 'train'], ['horn', 'test'], ['viola', 'unseen']]

    Reference:
        Cella, Ghisi, Lostanlen, Lévy, Fineberg and Maresz, "OrchideaSOL: a dataset of extended instrumental techniques
        for computer-aided orchestration", ICMC 2020.
    """
    chosen = find_split(split, TINYSOL_SPLITS)
    folder = Path(folder).expanduser().absolute()
    source = folder / METADATA if metadata is None else Path(metadata).expanduser().absolute()
    table = _read_metadata(source)
    paths = [os.path.normpath(folder / path) for path in table["Path"]]
    _check_exist(paths, folder, source)
    labels = table[_ABBREVIATION].map(TINYSOL_CLASSES)
    folds = table["Fold"].astype(int)
    parts = chosen.parts(labels, test=folds == TEST_FOLD)
    found = pd.DataFrame({"path": paths, "label": labels, "split": parts, "fold": folds})
    others = table.drop(columns=["Path", "Fold"])
    found = found.join(others)[parts.notna()].reset_index(drop=True)
    if found.empty:
        raise ValueError(f"No recording of the split's classes in '{source}': {', '.join(chosen.classes)}.")
    return found


def _read_metadata(source: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(source, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"No such metadata: '{source}'. Name TinySOL's CSV file with `metadata`, or put it into the folder."
        ) from None
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"Not a CSV file: '{source}' ({error}). Name TinySOL's with `metadata`.") from error
    for column in ("Path", "Fold", _ABBREVIATION):
        if column not in table.columns:
            raise ValueError(
                f"No column `{column}` in '{source}'. Its columns: {', '.join(table.columns)}. "
                "Name TinySOL's CSV file with `metadata`."
            )
    _check_values(table["Path"], table["Path"].str.strip() != "", "the path of a recording", source)
    _check_values(table["Fold"], table["Fold"].isin([str(fold) for fold in range(TEST_FOLD + 1)]), "0 to 4", source)
    known = ", ".join(TINYSOL_CLASSES)
    _check_values(table[_ABBREVIATION], table[_ABBREVIATION].isin(TINYSOL_CLASSES), f"one of {known}", source)
    return table


def _check_values(values: pd.Series, right: pd.Series, expected: str, source: Path) -> None:
    wrong = np.flatnonzero(~right)
    if len(wrong):
        raise ValueError(
            f"`{values.name}` must be {expected}. Received: '{values.iloc[wrong[0]]}' in {name_rows(wrong, 2)} of "
            f"'{source}'. Correct or remove {'it' if len(wrong) == 1 else 'them'}."
        )


def _check_exist(paths: list[str], folder: Path, source: Path) -> None:
    missing = [row for row, path in enumerate(paths) if not os.path.exists(path)]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(paths)} recordings of '{source}' are missing in '{folder}', in "
            f"{name_rows(missing, 2)}, such as '{paths[missing[0]]}'. Name the folder where the metadata's paths begin."
        )
