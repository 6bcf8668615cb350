"""Which rows are in a batch: none that share a text with another of the batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from comparators.generators.row_names import name_rows
from comparators.generators.row_sampler import RowSampler

_DRAWS = 22
_ROUNDS = 3


class DistinctSampler(RowSampler):
    """Hands out each row once an epoch, so that rows which share a key never meet in a batch.

    Losses with in-batch negatives (`InfoNCE`, `SymmetricInfoNCE`) push every other row of a batch away. Where two rows
    hold the same question, answer or caption, that is wrong: give their texts as keys. What is in a batch is drawn anew
    in each epoch, and a pure function of (seed, epoch, index).

    Nothing is left out. Where a key is in more rows than there are full batches, or keys stand in each other's way, the
    rows that find no place come in smaller batches at the end of the epoch, at worst alone: see `batch_sizes`. A key
    that very many rows share, such as an empty text, is better removed from the rows.

    Args:
        keys: of each row, `(n,)`, or several `(n, num_keys)` such as the positions of its anchor, positive and
            negatives: strings or numbers. A key counts alike in each column.
        batch_size: rows of a batch.
        seed: a non-negative integer.

    Attributes:
        num_batches: in an epoch.
        batch_sizes: rows of each batch, falling, int64 `(num_batches,)`, the same in every epoch.

    Raises:
        ValueError: keys are missing or not as above, no two rows may meet, `batch_size` is not from 1 to the number of
            rows, or the seed is negative.

    Example:
        >>> questions = ["who", "who", "why", "how", "who"]
        >>> sampler = DistinctSampler(questions, batch_size=2)
        >>> [[questions[row] for row in sampler.batch(epoch=0, index=index)] for index in range(sampler.num_batches)]
        [['who', 'why'], ['how', 'who'], ['who']]
    """

    rows = "rows"

    def __init__(self, keys: Sequence | np.ndarray | pd.DataFrame, batch_size: int, seed: int = 0):
        codes = _key_codes(keys)
        super().__init__(len(codes), batch_size, seed)
        self._edge_rows, self._edge_keys = _shared_keys(codes)
        self._kinds = _kinds(self._edge_rows, self._edge_keys, len(codes))
        self._places = _first_fit(self._edge_rows, self._edge_keys, len(codes), batch_size)
        self._starts = np.append(0, np.cumsum(np.bincount(self._places)))
        if batch_size > 1 and self.num_batches == self.num_rows > 1:
            raise ValueError(
                "Some rows must be without a key in common. Received: each of the "
                f"{self.num_rows} rows shares a key with all others, so that every batch would be a single row."
            )

    def draw(self, epoch: int) -> np.ndarray:
        """Draws all rows of an epoch, int64 `(num_rows,)`, one batch after the other."""
        random = self.random(_DRAWS, epoch)
        # Rows with the same shared keys can stand for each other; others only where no conflict comes of it.
        places = np.empty_like(self._places)
        places[np.lexsort((random.random(self.num_rows), self._kinds))] = self._places[np.argsort(self._kinds)]
        for _ in range(_ROUNDS):  # what a conflict kept in its place in one round moves in another
            places = self._swapped(places, random)
        # Batches of one size trade places, so that the smaller ones stay last.
        order = np.lexsort((random.random(self.num_batches), -self.batch_sizes))
        positions = np.empty_like(order)
        positions[order] = np.arange(len(order))
        return np.lexsort((random.random(self.num_rows), positions[places]))

    def _swapped(self, places: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns places `(n,)` in which random pairs of rows are exchanged, but for those that would bring conflicts.

        From places without conflicts: undoing the exchanges behind each conflict must therefore end.
        """
        half = self.num_rows // 2
        a, b = random.permutation(self.num_rows)[: 2 * half].reshape(2, half)
        pair_of_row = np.full(self.num_rows, half)  # the row that is left over has a pair of its own, which never moves
        pair_of_row[a] = pair_of_row[b] = np.arange(half)
        exchanged = np.append(np.ones(half, bool), False)
        while True:
            now_a, now_b = a[exchanged[:-1]], b[exchanged[:-1]]
            swapped = places.copy()
            swapped[now_a], swapped[now_b] = places[now_b], places[now_a]
            rows = self._conflicting(swapped)
            if not len(rows):
                return swapped
            exchanged[pair_of_row[rows]] = False

    def _conflicting(self, places: np.ndarray) -> np.ndarray:
        """Returns the rows that share a key with another of their place."""
        codes = places[self._edge_rows] * (self._edge_keys.max(initial=0) + 1) + self._edge_keys
        order = np.argsort(codes, kind="stable")
        again = codes[order[1:]] == codes[order[:-1]]
        return self._edge_rows[np.concatenate([order[1:][again], order[:-1][again]])]


def _key_codes(keys: Sequence | np.ndarray | pd.DataFrame) -> np.ndarray:
    """Returns int64 codes `(n, num_keys)`, the same for the same key in any column."""
    # As objects: an array of strings would take as much for each as for the longest.
    keys = np.asarray(keys if hasattr(keys, "dtype") or hasattr(keys, "iloc") else np.array(list(keys), dtype=object))
    if keys.ndim not in (1, 2) or (keys.dtype == object and keys.size and isinstance(keys.flat[0], list | tuple)):
        raise ValueError(
            "`keys` must be one string or number for each row, `(n,)`, or as many for each, `(n, num_keys)`. "
            f"Received: {'lists of different lengths' if keys.ndim == 1 else f'shape {keys.shape}'}."
        )
    codes = pd.factorize(keys.ravel())[0].reshape(len(keys), keys.shape[1] if keys.ndim == 2 else 1)
    missing = np.flatnonzero((codes < 0).any(axis=1))
    if len(missing):
        raise ValueError(
            f"Every row must have its keys. Received: {len(missing)} with one missing, in {name_rows(missing)}. "
            "Fill them in or remove the rows."
        )
    return codes


def _shared_keys(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns which row has which key, both `(edges,)`, in the order of the rows; of keys in two rows and more."""
    num_keys = codes.max(initial=0) + 1
    edges = np.unique(codes + num_keys * np.arange(len(codes))[:, None])
    rows, keys = edges // num_keys, edges % num_keys
    shared = np.bincount(keys)[keys] > 1
    return rows[shared], np.unique(keys[shared], return_inverse=True)[1]


def _kinds(edge_rows: np.ndarray, edge_keys: np.ndarray, num_rows: int) -> np.ndarray:
    """Returns a number for each row, `(n,)`, the same for rows with the same shared keys."""
    firsts = np.flatnonzero(np.diff(edge_rows, prepend=-1))
    counts = np.diff(firsts, append=len(edge_rows))
    keys = np.full((num_rows, counts.max(initial=0)), -1)
    keys[edge_rows, np.arange(len(edge_rows)) - np.repeat(firsts, counts)] = edge_keys
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel() if keys.size else np.zeros(num_rows, np.int64)


def _first_fit(edge_rows: np.ndarray, edge_keys: np.ndarray, num_rows: int, batch_size: int) -> np.ndarray:
    """Returns a batch without conflicts for each row, `(n,)`; the largest batches come first."""
    batches: list[_Batch] = []
    places = np.full(num_rows, -1)
    first_open, next_batch = 0, {}  # of all keys and of each, the first batch that may have a place
    for row, keys in _hardest_first(edge_rows, edge_keys):
        place = max(first_open, *(next_batch.get(key, 0) for key in keys))
        while place < len(batches) and not batches[place].has_place(keys, batch_size):
            place += 1
        if place == len(batches):
            batches.append(_Batch())
        batches[place].add(keys)
        places[row] = place
        while first_open < len(batches) and batches[first_open].size == batch_size:
            first_open += 1
        for key in keys:
            first = max(first_open, next_batch.get(key, 0))
            while first < len(batches) and not batches[first].has_place([key], batch_size):
                first += 1
            next_batch[key] = first
    return _largest_first(_filled(places, batch_size))


def _hardest_first(edge_rows: np.ndarray, edge_keys: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Yields rows and their keys; those come first of whose key the most rows are still to come."""
    order = np.argsort(edge_keys, kind="stable")
    counts = np.bincount(edge_keys)
    still_to_come = np.empty_like(edge_keys)
    still_to_come[order] = np.repeat(np.cumsum(counts), counts) - np.arange(len(order))
    rows, firsts = np.unique(edge_rows, return_index=True)
    if len(rows):
        keys_of_row = np.split(edge_keys, firsts[1:])
        for number in np.argsort(-np.maximum.reduceat(still_to_come, firsts), kind="stable"):
            yield rows[number], keys_of_row[number].tolist()


class _Batch:
    """A batch that is being filled.

    Attributes:
        keys: that its rows have.
        size: number of its rows.
    """

    def __init__(self):
        self.keys: set[int] = set()
        self.size = 0

    def has_place(self, keys: list[int], batch_size: int) -> bool:
        return self.size < batch_size and self.keys.isdisjoint(keys)

    def add(self, keys: list[int]) -> None:
        self.keys.update(keys)
        self.size += 1


def _filled(places: np.ndarray, batch_size: int) -> np.ndarray:
    """Returns the places, and for the rows that share nothing, -1, what is free in the batches, or more batches."""
    free = np.flatnonzero(places < 0)
    sizes = np.bincount(places[places >= 0])
    # First a second row for each that is alone: alone it would have nothing to be compared with.
    alone = np.flatnonzero(sizes < min(2, batch_size))
    sizes[alone] += 1
    room = np.append(alone, np.repeat(np.arange(len(sizes)), batch_size - sizes))[: len(free)]
    more = len(sizes) + np.arange(len(free) - len(room)) // batch_size
    places = places.copy()
    places[free] = np.append(room, more)
    return places


def _largest_first(places: np.ndarray) -> np.ndarray:
    order = np.argsort(-np.bincount(places), kind="stable")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks[places]
