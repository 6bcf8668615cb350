"""From what a user names on the command line to a model and the embeddings of recordings."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import counted, note

if TYPE_CHECKING:
    import pandas as pd

    from comparators.models.audio_encoder import AudioEncoder
    from comparators.models.bulk_embedding import BulkEmbedding


def load_audio_encoder(name_or_path: str) -> "AudioEncoder":
    """Loads a model that embeds recordings.

    Raises:
        FileNotFoundError: if there is neither a file nor a shipped model of that name.
        ValueError: if it is not a model, or one of something else than recordings.
    """
    import_keras()
    from comparators.models.audio_encoder import AudioEncoder
    from comparators.models.loading import load

    model = load(name_or_path)
    if not isinstance(model, AudioEncoder):
        raise ValueError(
            f"This command needs a model of recordings (`AudioEncoder`). Received: a {type(model).__name__} in "
            f"'{name_or_path}'. Use it in Python instead."
        )
    return model


def read_sources(sources: Sequence[str], label_column: str | None = None, split: str | None = None) -> "pd.DataFrame":
    """Reads one source, or several as corpora of one table. See `read_manifest`."""
    from comparators.generators.manifest import read_manifest

    return read_manifest(sources[0] if len(sources) == 1 else list(sources), label_column, split)


def source_names(sources: Sequence[str]) -> str:
    """Names sources in a few words: each by its file, or by its folder where the file is just called manifest.csv."""
    paths = [Path(source).absolute() for source in sources]
    return ", ".join(path.parent.name if path.name.startswith("manifest.") else path.name for path in paths)


def named_files(files: Sequence[str]) -> "pd.DataFrame":
    """Makes a table of the files named on the command line; one named twice counts once."""
    import pandas as pd

    return pd.DataFrame({"path": list(dict.fromkeys(os.path.abspath(file) for file in files))})


def embed_table(
    model: "AudioEncoder", table: "pd.DataFrame", quiet: bool, store: Path | None = None
) -> "BulkEmbedding":
    """Embeds the recordings of a table; those that cannot be read are told on stderr, and counted.

    Raises:
        ValueError: if none can be read.
    """
    done = model.embed_files(table, store=store, progress=not quiet)
    for message in done.failures.values():
        note(f"skipped: {message}")
    if done.failures:
        note(f"skipped {len(done.failures):,} of {counted(len(table), 'recording')}")
    if not len(done.table):
        raise ValueError("No recording is left to work on. Name files that hold speech.")
    return done


def require_labels(table: "pd.DataFrame", what_for: str) -> None:
    """Raises a ValueError that names the remedy when a table has no labels."""
    if "label" not in table:
        raise ValueError(
            f"{what_for} needs labels, but there is neither a column `label` nor `speaker`, nor a sub-folder for each "
            f"label. Columns: {', '.join(table.columns)}. Name the column with --label-column."
        )


def require_pairs(table: "pd.DataFrame", what_for: str) -> None:
    """Raises a ValueError unless there are two labels, and two recordings of one of them."""
    require_labels(table, what_for)
    counts = table["label"].value_counts()
    if len(counts) < 2 or counts.max() < 2:
        raise ValueError(
            f"{what_for} needs two labels or more, and two recordings of a label. "
            f"Received: {counted(len(table), 'recording')} of {counted(len(counts), 'label')}, at most {counts.max()} "
            "of one. Add recordings, or name another column with --label-column."
        )
