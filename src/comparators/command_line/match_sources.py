"""From CSV files, manifests of clips, lines of texts and folders to tables of matches, or of one role's items."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from comparators.command_line.clip_columns import CLIP_COLUMNS, with_roles
from comparators.command_line.inputs import check_kind
from comparators.command_line.item_kinds import TEXTS, WORDS, item_column, kind_name
from comparators.command_line.match_table import PARTS, MatchTable
from comparators.command_line.report import counted, note
from comparators.command_line.source_tables import (
    filled_column,
    list_names,
    numbers,
    read_csv,
    select_split,
)
from comparators.generators.clip_json import read_clip_json
from comparators.generators.label_table import split_labels
from comparators.generators.manifest import read_manifest
from comparators.generators.text_lines import read_texts


def read_matches(
    sources: Sequence[str],
    roles: Mapping[str, str],
    label_column: str | None = None,
    split: str | None = None,
    clip_labels: bool = False,
) -> MatchTable:
    """Reads CSV files with a column for each role, or manifests of clips, JSON or CSV, with their sounds and frames.

    Of a clip the middle frame is its image; the columns that name all of them stay in the table. Where files, or texts,
    are of one role only, they may be in the column `path`, or `text`. Where words are one role, they may be in the
    column `label`; or the sub-folders of a folder are the words. Texts alone may be the lines of a .txt file.

    Args:
        sources: CSV, JSON or .txt files, or folders.
        roles: role -> `"audio"`, `"image"`, `WORDS` or `TEXTS`.
        label_column: column with the labels, which are the words where words are a role. None takes `label`.
        split: keeps the rows with this value in the column `split`.
        clip_labels: whether clips without a label, each with one of `labels`, have that.

    Raises:
        FileNotFoundError: if a source does not exist.
        ValueError: if a column is missing or has gaps, or names files of another kind; the message names the source.
    """
    paths = [Path(source).expanduser().absolute() for source in sources]
    tables = [_read_source(path, dict(roles), label_column, split, clip_labels) for path in paths]
    unlabelled = [source for source, table in zip(sources, tables, strict=True) if "label" not in table]
    if 0 < len(unlabelled) < len(tables):
        raise ValueError(f"No labels in {', '.join(unlabelled)}, but in others. Add a column `label` to each.")
    return MatchTable(pd.concat(tables, ignore_index=True), roles)


def read_items(
    sources: Sequence[str], role: str, media: str, label_column: str | None = None, split: str | None = None
) -> pd.DataFrame:
    """Reads the distinct items of one role: from its own column, or from `path` or `text`; see `read_matches`."""
    matches = read_matches(sources, {role: media}, label_column, split, clip_labels=True)
    items = matches.items[role]
    if media == TEXTS and len(items) < len(matches):
        note(f"{counted(len(matches) - len(items), 'row')} of a text that is there already: it counts once")
    return items


def _read_source(
    path: Path, roles: dict[str, str], label_column: str | None, split: str | None, clip_labels: bool
) -> pd.DataFrame:
    table = _read_folder(path, roles) if path.is_dir() else _read_file(path, roles, split)
    found = {role: _items(table, roles, role, label_column, path) for role in roles}
    if "audio" in roles.values():
        found |= {part: numbers(table, part, path) for part in PARTS if part in table}
    found |= {name: table[name].fillna("") for name in CLIP_COLUMNS if name in table}
    labels = [label_column] if label_column else [name for name in ("label", "word") if name in table]
    if clip_labels and not labels and "labels" in found and found["labels"].map(split_labels).map(len).eq(1).all():
        labels = ["labels"]
    words = [found[role] for role, media in roles.items() if media == WORDS]
    if words or labels:
        found["label"] = words[0] if words else filled_column(table, labels[:1], "the label", path)
    return pd.DataFrame(found)


def _read_folder(path: Path, roles: dict[str, str]) -> pd.DataFrame:
    files = [media for media in roles.values() if media not in (WORDS, TEXTS)]
    if len(files) > 1:
        raise ValueError(
            f"A folder does not say what belongs together. Received: '{path}'. Name a CSV file with the columns "
            f"{list_names(roles)}; or, of videos, the manifest that `comparators extract-video` writes."
        )
    if not files and TEXTS in roles.values():
        raise ValueError(
            f"Texts are in a CSV file with a column `text`, or the lines of a .txt file. Received: folder '{path}'. "
            "Name the file."
        )
    return read_manifest(path, media=files[0] if files else None)


def _read_file(path: Path, roles: dict[str, str], split: str | None) -> pd.DataFrame:
    if path.suffix.lower() == ".txt" and list(roles.values()) == [TEXTS]:
        table = pd.DataFrame({"text": read_texts(path)})
    elif path.suffix.lower() == ".json":
        clips = read_clip_json(path)
        table = clips.astype(str).where(clips.notna())
    else:
        table = read_csv(path, of_texts=TEXTS in roles.values())
    return with_roles(select_split(table, split, path), roles, path.parent)


def _items(table: pd.DataFrame, roles: dict[str, str], role: str, label_column: str | None, path: Path) -> pd.Series:
    """Returns the column of a role's items; files with their whole paths."""
    media, common = roles[role], item_column(roles[role])
    if media == WORDS:
        names = [label_column] if label_column else ["word", "label"]
    else:
        alone = [item_column(other) for other in roles.values()].count(common) == 1
        names = list(dict.fromkeys([role, common] if alone else [role]))
    items = filled_column(table, names, f"role `{role}`", path)
    if common != "path":
        return items
    items = items.map(lambda name: os.path.normpath(path.parent / name))
    check_kind(items, media, f"Role `{role}` of '{path}' is of {kind_name(media)}s")
    return items
