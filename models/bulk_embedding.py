"""Thousands of files to one table of embeddings: in parallel, in bounded memory, resumable."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from comparators.generators.manifest import read_manifest
from comparators.generators.media_folder import MEDIA_NAMES
from comparators.generators.readable_file import check_readable_file
from comparators.models.embedding_store import EmbeddingStore, content_key
from comparators.recognition.embedding_table import EmbeddingTable

# Rows embedded (and stored) together: enough to fill batches of like length, at most 80 MB.
_BLOCK_FILES, _BLOCK_BYTES = 256, 80_000_000
# What of a file a row may name, for the reader.
_PARTS = {"audio": ("start", "end", "channel"), "image": ()}


class BulkEmbedding(NamedTuple):
    """What `embed_files` returns.

    Attributes:
        table: one row for each file that could be read, in the manifest's order; of recordings with
            `speech_seconds`.
        failures: id -> what was wrong, for the files that could not.
    """

    table: EmbeddingTable
    failures: dict[str, str]


def embed_files(
    model,
    source,
    store: str | os.PathLike | None = None,
    label_column: str | None = None,
    split: str | None = None,
    batch_size: int = 64,
    num_workers: int = 2,
    progress: bool = True,
) -> BulkEmbedding:
    """Embeds the recordings or images of a manifest or folder.

    Files are read by threads while the model works; memory is bounded by a block of files, whatever their number.
    Unreadable files, and files without speech, are skipped and reported.

    Args:
        model: a comparator of files, such as `AudioEncoder` or `ImageEncoder`.
        source: CSV manifest, DataFrame, folder or several of them, see `read_manifest`.
        store: folder in which finished rows are kept, so that a run that was stopped goes on where it was. Rows are
            keyed by what is in the file; a file that was changed is embedded again.
        label_column: column with the labels.
        split: rows to take.
        batch_size: items encoded at once.
        num_workers: threads that read files.
        progress: whether to show a progress bar.

    Returns:
        The table and the failures.

    Raises:
        ValueError: if the manifest is wrong, or `store` holds rows of another model.
    """
    manifest = read_manifest(source, label_column=label_column, split=split, media=model.media)
    ids = row_ids(manifest)
    rows = EmbeddingStore(store, model.fingerprint) if store is not None else None
    embeddings = np.full((len(ids), model.embedding_dim), np.nan, np.float32)
    seconds, failures = np.zeros(len(ids)), {}
    with (
        ThreadPoolExecutor(num_workers) as pool,
        ThreadPoolExecutor(1) as ahead,
        _progress_bar(len(ids), progress) as bar,
    ):
        blocks = _blocks(_in_order(pool, partial(_read, model, rows), manifest.to_dict("records"), 2 * num_workers))
        upcoming = ahead.submit(next, blocks, None)
        while (block := upcoming.result()) is not None:
            upcoming = ahead.submit(next, blocks, None)
            done = _embed_block(model, [reading for _, reading in block], rows, batch_size)
            for (index, reading), (embedding, speech) in zip(block, done, strict=True):
                if reading.failure is not None:
                    failures[ids[index]] = reading.failure
                else:
                    embeddings[index], seconds[index] = embedding, speech
            bar.update(len(block))
    return BulkEmbedding(_table(model, manifest, ids, embeddings, seconds, failures), failures)


class _Reading(NamedTuple):
    key: str | None = None
    item: np.ndarray | None = None
    seconds: float = 0.0
    failure: str | None = None


def _read(model, rows: EmbeddingStore | None, row: dict) -> _Reading:
    """Reads one row's file, unless the store has it."""
    try:
        part = {name: row[name] for name in _PARTS[model.media] if name in row}
        check_readable_file(row["path"], MEDIA_NAMES[model.media])
        key = None if rows is None else content_key(row["path"], *part.items())
        if rows is not None and key in rows:
            return _Reading(key=key)
        return _Reading(key, *model.read_and_measure(row["path"], **part))
    except (ValueError, OSError) as error:
        return _Reading(failure=str(error))


def _embed_block(model, readings: list[_Reading], rows: EmbeddingStore | None, batch_size: int) -> list[tuple]:
    """Returns `(embedding, seconds)` of each reading; new ones are embedded and stored."""
    new = [reading for reading in readings if reading.item is not None]
    embeddings = model.embed([reading.item for reading in new], batch_size=batch_size)
    if rows is not None and new:
        rows.add([reading.key for reading in new], embeddings, np.array([reading.seconds for reading in new]))
    fresh = iter(zip(embeddings, (reading.seconds for reading in new), strict=True))
    done = []
    for reading in readings:
        if reading.item is not None:
            done.append(next(fresh))
        else:
            done.append((None, 0.0) if reading.failure is not None else rows[reading.key])
    return done


def _in_order(pool: ThreadPoolExecutor, function: Callable, items: Iterable, num_ahead: int) -> Iterator:
    """Applies a function to items in threads, a few ahead of the consumer; results come in the items' order."""
    waiting: deque[Future] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > num_ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _blocks(readings: Iterable[_Reading]) -> Iterator[list[tuple[int, _Reading]]]:
    block, size = [], 0
    for index, reading in enumerate(readings):
        block.append((index, reading))
        size += 0 if reading.item is None else reading.item.nbytes
        if len(block) >= _BLOCK_FILES or size >= _BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def row_ids(manifest: pd.DataFrame) -> list[str]:
    """Returns a name for each row: its path below the folder that all share, and the part where only one is read."""
    paths = manifest["path"].tolist()
    top = os.path.dirname(paths[0]) if len(paths) == 1 else os.path.commonpath([os.path.dirname(p) for p in paths])
    ids = [os.path.relpath(path, top).replace(os.sep, "/") for path in paths]
    for column in ("start", "end", "channel"):
        if column in manifest:
            ids = [i if pd.isna(v) else f"{i}#{column}={v:g}" for i, v in zip(ids, manifest[column], strict=True)]
    return ids


def _table(model, manifest, ids, embeddings, seconds, failures) -> EmbeddingTable:
    kept = np.array([name not in failures for name in ids], bool)
    return EmbeddingTable(
        embeddings[kept],
        [name for name, keep in zip(ids, kept, strict=True) if keep],
        labels=manifest["label"].to_numpy()[kept] if "label" in manifest else None,
        fingerprint=model.fingerprint,
        metadata={"path": manifest["path"].to_numpy()[kept]}
        | ({"speech_seconds": seconds[kept].round(3)} if model.media == "audio" else {}),
    )


def _progress_bar(total: int, progress: bool):
    from tqdm import tqdm

    return tqdm(total=total, unit="file", disable=None if progress else True, leave=False)
