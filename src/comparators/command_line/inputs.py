"""From what a user names on the command line to a model and a table of what it is to work on."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import counted

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from comparators.models.comparator import Comparator
    from comparators.models.dual_encoder import DualEncoder


class Sources(NamedTuple):
    """What a command works on, as its arguments and options name it.

    Attributes:
        names: of folders and files.
        label_column: column with the labels; None takes the usual one.
        split: keeps the rows with this value in the column `split`.
        media: which files of a folder to take; None takes the one kind that there is.
    """

    names: Sequence[str]
    label_column: str | None = None
    split: str | None = None
    media: str | None = None


def load_model(name_or_path: str, paths: Iterable[str] = (), role: str | None = None) -> "Comparator":
    """Loads a model that embeds files: recordings or images.

    Args:
        name_or_path: a shipped model's name, or the path of a .keras file.
        paths: files that it is to embed.
        role: of a model of two roles, the one whose encoder is to be used.

    Raises:
        FileNotFoundError: if there is neither a file nor a shipped model of that name.
        ValueError: if it is not a model, not one of files, or one of another kind than `paths` are; if there is no such
            role, or none is named.
    """
    return as_file_model(load_any_model(name_or_path), name_or_path, paths, role)


def load_any_model(name_or_path: str) -> "Comparator":
    """Loads a model of one role or of two, see `load_model`."""
    import_keras()
    from comparators.models.loading import load

    return load(name_or_path)


def load_two_roles(name_or_path: str) -> "DualEncoder":
    """Loads a model of two roles.

    Raises:
        FileNotFoundError: see `load_model`.
        ValueError: if it is a model of one role.
    """
    model = load_any_model(name_or_path)
    if not has_two_roles(model):
        raise ValueError(f"'{name_or_path}' is a model of one role, a {type(model).__name__}. Leave the roles out.")
    return model


def has_two_roles(model: "Comparator") -> bool:
    """Tells whether a model compares things of two roles."""
    from comparators.models.dual_encoder import DualEncoder

    return isinstance(model, DualEncoder)


def as_file_model(model: "Comparator", name: str, paths: Iterable[str] = (), role: str | None = None) -> "Comparator":
    """Returns a loaded model that embeds files, or the encoder of one of its two roles that does, see `load_model`."""
    model = encoder_of_role(model, name, role)
    if not hasattr(model, "embed_files"):
        raise ValueError(
            "This command needs a model of recordings or images (`AudioEncoder`, `ImageSiamese`, ...). "
            f"Received: a {type(model).__name__} in '{name}'. Use it in Python instead."
        )
    what = f"'{name}'" if role is None else f"Role `{role}` of '{name}'"
    check_kind(paths, model.media, f"{what} is a model of {model.item_name}s")
    return model


def with_sources(
    model: "Comparator",
    name: str,
    role: str | None,
    sources: Sequence[str],
    label_column: str | None = None,
    split: str | None = None,
    media: str | None = None,
) -> "tuple[Comparator, pd.DataFrame]":
    """Returns a loaded model, or the encoder of one of its two roles, and what it is to embed: files, words or texts.

    Returns:
        The model, and the table of `read_manifest`, or of a role's distinct items, see `read_items`.
    """
    if role is None and not is_text_model(model):
        as_file_model(model, name)
        table = read_sources(sources, label_column, split, media)
        return as_file_model(model, name, table["path"]), table
    from comparators.command_line.item_kinds import TEXTS
    from comparators.command_line.match_sources import read_items

    encoder = encoder_of_role(model, name, role)
    return encoder, read_items(sources, role or TEXTS, encoder.media, label_column, split)


def is_clip_classifier(model: "keras.Model") -> bool:
    """Tells whether a model is what `comparators finetune` writes."""
    from comparators.models.cavmae_classifier import CAVMAEClassifier

    return isinstance(model, CAVMAEClassifier)


def is_text_model(model: "Comparator") -> bool:
    """Tells whether a model is of one role, and compares texts."""
    from comparators.command_line.item_kinds import TEXTS

    return getattr(model, "media", None) == TEXTS


def encoder_of_role(model: "Comparator", name: str, role: str | None) -> "Comparator":
    """Returns the encoder of one of a model's two roles; a model of one role as it is.

    Args:
        model: a loaded one.
        name: of the model, for messages.
        role: None for a model of one role.

    Raises:
        ValueError: if there is no such role, or none is named where there are two.
    """
    if has_two_roles(model):
        if role not in model.roles:
            received = "none" if role is None else f"'{role}'"
            raise ValueError(
                f"'{name}' is a model of two roles, {' and '.join(model.roles)}. Received: role {received}. Name one "
                "with --role."
            )
        return model.encoder_of(role)
    if role is not None:
        raise ValueError(f"'{name}' is a model of one role. Received: role '{role}'. Leave --role out.")
    return model


def check_kind(paths: Iterable[str], media: str, what: str) -> None:
    """Raises a ValueError when a file is, by its suffix, of another kind than is wanted."""
    from comparators.generators.media_folder import media_of

    for path in paths:
        if media_of(path) not in (media, None):
            raise ValueError(f"{what}. Received: '{path}'. Name a model for such files with --model, or other files.")


def read_sources(
    sources: Sequence[str], label_column: str | None = None, split: str | None = None, media: str | None = None
) -> "pd.DataFrame":
    """Reads one source, or several as corpora of one table. See `read_manifest`."""
    from comparators.generators.manifest import read_manifest

    return read_manifest(sources[0] if len(sources) == 1 else list(sources), label_column, split, media)


def source_names(sources: Sequence[str]) -> str:
    """Names sources in a few words: each by its file, or by its folder where the file is just called manifest.csv."""
    paths = [Path(source).absolute() for source in sources]
    return ", ".join(path.parent.name if path.name.startswith("manifest.") else path.name for path in paths)


def with_folders_listed(files: Sequence[str], media: str) -> list[str]:
    """Puts in the place of each folder the files of a kind that are in it and below.

    Args:
        files: files and folders, as they are named on the command line.
        media: `"audio"` or `"image"`.

    Raises:
        ValueError: if a folder holds none of that kind.
    """
    from comparators.generators.media_folder import list_media_folder

    listed = []
    for file in files:
        if not os.path.isdir(file):
            listed.append(file)
            continue
        paths = list_media_folder(file, media)["path"]
        listed += [os.path.join(file, os.path.relpath(path, os.path.abspath(file))) for path in paths]
    return listed


def named_files(files: Sequence[str]) -> "pd.DataFrame":
    """Makes a table of the files named on the command line; one named twice counts once."""
    import pandas as pd

    return pd.DataFrame({"path": list(dict.fromkeys(os.path.abspath(file) for file in files))})


def require_labels(table: "pd.DataFrame", what_for: str) -> None:
    """Raises a ValueError that names the remedy when a table has no labels."""
    if "label" not in table:
        raise ValueError(
            f"{what_for} needs labels, but there is neither a column `label` nor `speaker`, nor a sub-folder for each "
            f"label. Columns: {', '.join(table.columns)}. Name the column with --label-column."
        )


def item_name(table: "pd.DataFrame") -> str:
    """Returns what a table's items are: "text", or by the suffix of the first "recording", "image" or "file"."""
    from comparators.generators.media_folder import media_of

    if "text" in table and "path" not in table:
        return "text"
    return {"audio": "recording", "image": "image", None: "file"}[media_of(table["path"].iloc[0])]


def require_pairs(table: "pd.DataFrame", what_for: str) -> None:
    """Raises a ValueError unless there are two labels, and two items of one of them."""
    require_labels(table, what_for)
    counts, name = table["label"].value_counts(), item_name(table)
    if len(counts) < 2 or counts.max() < 2:
        raise ValueError(
            f"{what_for} needs two labels or more, and two {name}s of a label. "
            f"Received: {counted(len(table), name)} of {counted(len(counts), 'label')}, at most {counts.max()} "
            "of one. Add files, or name another column with --label-column."
        )
