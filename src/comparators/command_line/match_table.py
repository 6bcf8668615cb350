"""Tables of matches: each row names things that belong together, in a column for each role."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.command_line.clip_columns import CLIP_COLUMNS, with_roles
from comparators.command_line.inputs import check_kind
from comparators.generators.clip_json import read_clip_json
from comparators.generators.manifest import read_manifest
from comparators.generators.media_folder import MEDIA_NAMES, media_of

WORDS = "text"
"""What a role of words is of, where those of files are of `"audio"` or `"image"`."""

_PARTS = ("start", "end", "channel")  # of a recording, as `read_manifest` has them


class MatchTable:
    """What belongs together, and the distinct items of each role.

    Args:
        table: a row for each match, with a column for each role: paths, or words; a column `label` where labels are
            known, and of recordings `start`, `end` and `channel`; of clips `video_path`, `video_id` and `labels`.
        roles: role -> `"audio"`, `"image"` or `WORDS`.

    Attributes:
        items: role -> table of its distinct items: `path` (or `word`), the recordings' parts, and `label`.
        rows: role -> which of them each match has `(n,)`.

    Raises:
        ValueError: if an item has several labels.
    """

    def __init__(self, table: pd.DataFrame, roles: Mapping[str, str]):
        self.table, self.roles = table.reset_index(drop=True), dict(roles)
        self.items, self.rows = {}, {}
        for role, media in self.roles.items():
            own = [role, *(part for part in _PARTS if media == "audio" and part in table)]
            # One text for each item: a row is told from others by its parts too, which may be missing.
            self.rows[role], _ = pd.factorize(self.table[own].map(str).agg("\0".join, axis=1))
            items = self.table[own + ["label"] * ("label" in table)].drop_duplicates(own).reset_index(drop=True)
            self.items[role] = items.rename(columns={role: "word" if media == WORDS else "path"})
            if "label" in table:
                self._check_one_label(role)

    def __len__(self) -> int:
        return len(self.table)

    def select(self, rows: np.ndarray) -> "MatchTable":
        """Returns the matches of a mask `(n,)`."""
        return MatchTable(self.table[rows], self.roles)

    @property
    def is_labelled(self) -> bool:
        """Whether there are labels."""
        return "label" in self.table

    def groups(self, by_label: bool = True) -> np.ndarray:
        """Tells which matches belong together `(n,)`: those of one label, where there are any, or that share an item.

        Args:
            by_label: False only joins those that share an item.
        """
        return self.table["label"].to_numpy() if by_label and self.is_labelled else _joined(list(self.rows.values()))

    def pieces(self) -> np.ndarray:
        """Tells which matches share a file `(n,)`, and so must not come apart in a split."""
        return _joined([self.rows[role] for role, media in self.roles.items() if media != WORDS])

    def first_rows(self, role: str) -> np.ndarray:
        """Returns the first match of each of a role's items."""
        return np.unique(self.rows[role], return_index=True)[1]

    def groups_of(self, role: str, by_label: bool = True) -> np.ndarray:
        """Returns the groups of a role's items, in their order; see `groups`."""
        return self.groups(by_label)[self.first_rows(role)]

    def _check_one_label(self, role: str) -> None:
        several = self.table["label"].to_numpy() != self.items[role]["label"].to_numpy()[self.rows[role]]
        if several.any():
            raise ValueError(
                f"'{self.table[role][several].iloc[0]}' has several labels. Rows of one label belong together: give "
                "each item one label, or leave the labels out."
            )


def read_matches(
    sources: Sequence[str], roles: Mapping[str, str], label_column: str | None = None, split: str | None = None
) -> MatchTable:
    """Reads CSV files with a column for each role, or manifests of clips, JSON or CSV, with their sounds and frames.

    Of a clip the middle frame is its image; the columns that name all of them stay in the table. Where words are one
    role, the files of the other may be in the column `path` and the words in `label`; or they are in a folder whose
    sub-folders are the words.

    Args:
        sources: CSV or JSON files, or folders.
        roles: role -> `"audio"`, `"image"` or `WORDS`.
        label_column: column with the labels, which are the words where words are a role. None takes `label`.
        split: keeps the rows with this value in the column `split`.

    Raises:
        FileNotFoundError: if a source does not exist.
        ValueError: if a column is missing or has gaps, or names files of another kind; the message names the source.
    """
    paths = [Path(source).expanduser().absolute() for source in sources]
    tables = [_read_source(path, dict(roles), label_column, split) for path in paths]
    unlabelled = [source for source, table in zip(sources, tables, strict=True) if "label" not in table]
    if 0 < len(unlabelled) < len(tables):
        raise ValueError(f"No labels in {', '.join(unlabelled)}, but in others. Add a column `label` to each.")
    return MatchTable(pd.concat(tables, ignore_index=True), roles)


def read_items(
    sources: Sequence[str], role: str, media: str, label_column: str | None = None, split: str | None = None
) -> pd.DataFrame:
    """Reads the distinct items of one role from folders, or from CSV files with the column of that role or `path`."""
    return read_matches(sources, {role: media}, label_column, split).items[role]


def _read_source(path: Path, roles: dict[str, str], label_column: str | None, split: str | None) -> pd.DataFrame:
    files = [role for role, media in roles.items() if media != WORDS]
    if path.is_dir():
        if len(files) > 1:
            raise ValueError(
                f"A folder does not say what belongs together. Received: '{path}'. Name a CSV file with the columns "
                f"{_list(roles)}."
            )
        table = read_manifest(path, media=roles[files[0]] if files else None)
    else:
        table = _read_clips(path) if path.suffix.lower() == ".json" else _read_csv(path)
        table = with_roles(_select_split(table, split, path), roles, path.parent)
    found = {}
    for role, media in roles.items():
        if media == WORDS:
            names = [label_column] if label_column else ["word", "label"]
        else:
            names = [role, "path"] if len(files) == 1 else [role]
        found[role] = _filled(table, names, role, path)
        if media != WORDS:
            found[role] = found[role].map(lambda name: os.path.normpath(path.parent / name))
            check_kind(found[role], media, f"Role `{role}` of '{path}' is of {MEDIA_NAMES[media]}s")
    if "audio" in roles.values():
        found |= {part: _numbers(table, part, path) for part in _PARTS if part in table}
    found |= {name: table[name].fillna("") for name in CLIP_COLUMNS if name in table}
    labels = [label_column] if label_column else [name for name in ("label", "word") if name in table]
    words = [found[role] for role, media in roles.items() if media == WORDS]
    if words or labels:
        found["label"] = words[0] if words else _filled(table, labels[:1], "label", path)
    return pd.DataFrame(found)


def _read_clips(path: Path) -> pd.DataFrame:
    table = read_clip_json(path)
    return table.astype(str).where(table.notna())


def _read_csv(path: Path) -> pd.DataFrame:
    if media_of(path) is not None:
        raise ValueError(f"A CSV file or a folder is expected. Received {MEDIA_NAMES[media_of(path)]} '{path}'.")
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise FileNotFoundError(f"No such table or folder: '{path}'. Check the path.") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError, EOFError) as error:
        raise ValueError(f"Not a CSV file: '{path}' ({error}). It begins with a line of column names.") from error


def _select_split(table: pd.DataFrame, split: str | None, path: Path) -> pd.DataFrame:
    if split is not None:
        if "split" not in table:
            raise ValueError(f"No column `split` in '{path}'. Its columns: {_list(table)}. Leave --split out.")
        if not (table["split"] == split).any():
            splits = sorted(table["split"].dropna().unique())
            raise ValueError(f"No row of split '{split}' in '{path}'. Its splits: {_list(splits)}.")
        table = table[table["split"] == split]
    if table.empty:
        raise ValueError(f"No rows in '{path}'. Add a row for each match.")
    return table


def _filled(table: pd.DataFrame, names: Sequence[str], role: str, path: Path) -> pd.Series:
    """Returns the first column of some names that there is."""
    name = next((name for name in names if name in table), None)
    if name is None:
        raise ValueError(
            f"No column `{'` or `'.join(names)}` in '{path}', which role `{role}` needs. Its columns: {_list(table)}. "
            "Rename or add it."
        )
    empty = table[name].isna() | (table[name].str.strip() == "")
    if empty.any():
        # The first row of a CSV file is that of the names.
        raise ValueError(f"Empty `{name}` in row {empty.idxmax() + 2} of '{path}'. Fill it in or remove the row.")
    return table[name]


def _numbers(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    numbers = pd.to_numeric(table[name], errors="coerce")
    wrong = numbers.isna() & table[name].notna()
    if wrong.any():
        raise ValueError(
            f"`{name}` must be a number. Received: '{table.loc[wrong, name].iloc[0]}' in row {wrong.idxmax() + 2} of "
            f"'{path}'."
        )
    return numbers


def _joined(columns: list[np.ndarray]) -> np.ndarray:
    """Numbers rows so that those that share a value in a column, or are joined by others that do, are of one number."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if len(columns) == 1:
        return columns[0]
    first, second = columns[0], columns[1] + columns[0].max() + 1
    size = second.max() + 1
    edges = coo_matrix((np.ones(len(first)), (first, second)), shape=(size, size))
    return connected_components(edges, directed=False)[1][first]


def _list(names) -> str:
    return ", ".join(map(str, names)) or "none"
