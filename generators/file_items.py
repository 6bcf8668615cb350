"""What items in files have in common: rows of a table, read through a cache."""

from typing import Protocol

import numpy as np
import pandas as pd

from comparators.generators.memory_cache import MemoryCache
from comparators.generators.table_columns import check_columns


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
