"""Embeddings of what a table names: files, words or texts; what cannot be read is told and counted."""

from pathlib import Path
from typing import TYPE_CHECKING

from comparators.command_line.report import counted, note

if TYPE_CHECKING:
    import pandas as pd

    from comparators.models.bulk_embedding import BulkEmbedding
    from comparators.models.comparator import Comparator


def embed_table(model: "Comparator", table: "pd.DataFrame", quiet: bool, store: Path | None = None) -> "BulkEmbedding":
    """Embeds the files, words or texts of a table; those that cannot be read are told on stderr, and counted.

    Raises:
        ValueError: if none can be read.
    """
    files = "path" in table
    done = model.embed_files(table, store=store, progress=not quiet) if files else _embed_items(model, table)
    for message in done.failures.values():
        note(f"skipped: {message}")
    if done.failures:
        note(f"skipped {len(done.failures):,} of {counted(len(table), model.item_name)}")
    if not len(done.table):
        holding = " that hold speech" if model.media == "audio" else ""
        raise ValueError(f"No {model.item_name} is left to work on. Name files{holding}.")
    return done


def _embed_items(model: "Comparator", table: "pd.DataFrame") -> "BulkEmbedding":
    import numpy as np

    from comparators.command_line.item_kinds import TEXTS, item_column
    from comparators.command_line.match_items import item_id, note_long_texts, read_item
    from comparators.models.bulk_embedding import BulkEmbedding
    from comparators.recognition.embedding_table import EmbeddingTable

    # Words name themselves; texts may be long, and are named by their number.
    column = item_column(model.media)
    rows, failures = table.to_dict("records"), {}
    readable = np.ones(len(rows), bool)
    for number, row in enumerate(rows):
        try:
            read_item(model, row)
        except ValueError as error:
            readable[number], failures[item_id(row)] = False, str(error)
    kept = table[readable]
    items = kept[column].tolist()
    if model.media == TEXTS:
        note_long_texts(model, items)
    vectors = model.embed(items) if items else np.zeros((0, model.embedding_dim), np.float32)
    ids = (np.flatnonzero(readable) + 1).astype(str) if model.media == TEXTS else items
    labels = kept["label"].to_numpy() if "label" in kept else None
    return BulkEmbedding(EmbeddingTable(vectors, ids, labels, model.fingerprint, {column: items}), failures)
