"""What items in files have in common: rows of a table, read through a cache."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import pandas as pd

from comparators.generators.memory_cache import MemoryCache
from comparators.generators.table_columns import check_columns

# Decoders let go of Python's lock only in part: more threads than this wait for one another.
_MOST_THREADS = 4


class Reader(Protocol):
    """What reads a file: `AudioReader`, `ImageReader`, or one of your own."""

    def read(self, path: str) -> np.ndarray: ...


class FileItems:
    """The base of items in files.

    Args:
        table: with a column `path`.
        reader: of the files; other columns of `columns` are handed to its `read` after the path.
        cache_bytes: memory for what was decoded, in each process; 0 keeps nothing.

    Attributes:
        cache: the `MemoryCache`.

    Raises:
        ValueError: there is no column `path`, or `cache_bytes` is negative.
    """

    #: Columns that are handed to the reader, where the table has them.
    columns: tuple[str, ...] = ("path",)

    def __init__(self, table: pd.DataFrame, reader: Reader, cache_bytes: int):
        check_columns(table, ["path"])
        self.reader = reader
        self.cache = MemoryCache(cache_bytes)
        self._rows = list(table.reindex(columns=list(self.columns)).itertuples(index=False, name=None))

    def __len__(self) -> int:
        return len(self._rows)

    def path(self, item: int) -> str:
        """Returns the file of an item."""
        return self._rows[item][0]

    def read(self, item: int) -> np.ndarray:
        """Returns what the file of an item holds, read-only."""
        return self.cache.get(int(item), lambda: self.reader.read(*self._rows[item]))

    def check(self, item: int) -> None:
        """Raises what is wrong with the file of an item."""
        self.read(item)

    def read_all(self, items: np.ndarray) -> list[np.ndarray]:
        """Returns what the files of some items hold; each file is decoded once, by as many threads as there are cores.

        Args:
            items: their positions, `(batch,)`.
        """
        distinct, rows = np.unique(items, return_inverse=True)
        if all(item in self.cache for item in distinct):
            arrays = [self.read(item) for item in distinct]
        else:
            threads = min(_MOST_THREADS, os.cpu_count() or 1)
            with ThreadPoolExecutor(threads) as pool:
                parts = pool.map(lambda part: [self.read(item) for item in part], np.array_split(distinct, threads))
                arrays = [array for part in parts for array in part]
        return [arrays[row] for row in rows]
