"""A cache in memory with a limit."""

import threading
import warnings
from collections.abc import Callable, Hashable

import numpy as np


class MemoryCache:
    """Keeps the arrays that came first, as many as fit into a number of bytes. Safe to share between threads.

    Nothing is thrown out for what comes later: an epoch goes through all items in another order, so that of the last
    used ones hardly any would be asked for before they had to leave. What is kept is kept, and saves its share.

    A copy in another process (pickled) starts empty. An array that is larger than the whole cache is handed out and not
    kept; the first of them is warned about, since a cache that keeps nothing is hardly wanted (0 bytes says it is).

    Args:
        max_bytes: how much the arrays may take together; 0 keeps nothing.

    Attributes:
        num_bytes: what the arrays take now.
        num_hits, num_misses: how often an array was there, or had to be loaded.

    Raises:
        ValueError: `max_bytes` is negative.

    Example:
        >>> cache = MemoryCache(max_bytes=1_000)
        >>> for name in "abba":
        ...     _ = cache.get(name, lambda: np.zeros(100, "float32"))
        >>> cache.num_bytes, cache.num_hits, cache.num_misses
        (800, 2, 2)
    """

    def __init__(self, max_bytes: int):
        if max_bytes < 0:
            raise ValueError(f"`max_bytes` must not be negative. Received: max_bytes={max_bytes}.")
        self.max_bytes = max_bytes
        self._clear()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._arrays

    def get(self, key: Hashable, load: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns the array of a key, read-only; calls `load()` where it is not there."""
        with self._lock:
            if key in self._arrays:
                self.num_hits += 1
                return self._arrays[key]
            self.num_misses += 1
        array = load().view()
        array.flags.writeable = False
        self._warn_once(key, array.nbytes)
        with self._lock:
            if key not in self._arrays and self.num_bytes + array.nbytes <= self.max_bytes:
                self._arrays[key] = array
                self.num_bytes += array.nbytes
        return array

    def _warn_once(self, key: Hashable, num_bytes: int) -> None:
        if num_bytes > self.max_bytes > 0 and not self._warned:
            self._warned = True
            warnings.warn(
                f"Item {key} takes {num_bytes:,} bytes, more than the whole cache: it is read again each time. "
                f"Received: a limit of {self.max_bytes:,} bytes. Raise it, or set 0 to keep nothing.",
                stacklevel=3,
            )

    def _clear(self) -> None:
        self._lock = threading.Lock()
        self._arrays: dict[Hashable, np.ndarray] = {}
        self.num_bytes = self.num_hits = self.num_misses = 0
        self._warned = False

    def __getstate__(self) -> dict:
        return {"max_bytes": self.max_bytes}

    def __setstate__(self, state: dict) -> None:
        self.max_bytes = state["max_bytes"]
        self._clear()
