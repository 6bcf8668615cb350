"""Batches of ready pairs of items."""

import numpy as np
import pandas as pd

from comparators.generators.item_batches import ItemBatches, Items
from comparators.generators.row_names import name_rows
from comparators.generators.row_sampler import RowSampler
from comparators.generators.table_columns import check_columns


class _PairSampler(RowSampler):
    rows = "pairs"


class PairTable(ItemBatches):
    """Trains on pairs that a table lists: batches `((a, b), same)`.

    Every pair comes once in an epoch, in another order in each. The last batch of an epoch is smaller where the batch
    size does not divide the pairs.

    Args:
        items: what is in a batch: of the files that `read_pair_table` returns, such as `ImageItems(files, reader)` or
            `AudioItems(files, window_seconds)`; or `ArrayItems(arrays)`.
        pairs: as `read_pair_table` returns it, or a part of it: columns `item_a` and `item_b`, positions of the items,
            and `same`: 1 or 0, or a graded score.
        batch_size: pairs of a batch.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new order after each epoch; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        sampler: the `RowSampler`.

    Raises:
        ValueError: a column is missing, a position is not one of the items', a value of `same` is not a finite
            number, there are fewer pairs than `batch_size`, or an argument is out of its range.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> pairs = pd.DataFrame({"item_a": [0, 0, 1], "item_b": [1, 2, 2], "same": [1, 0, 0]})
        >>> (a, b), same = PairTable(ArrayItems(np.array([10, 11, 12])), pairs, batch_size=3)[0]
        >>> a.tolist(), b.tolist(), same.tolist()
        ([10, 10, 11], [11, 12, 12], [1.0, 0.0, 0.0])
    """

    def __init__(
        self,
        items: Items,
        pairs: pd.DataFrame,
        batch_size: int,
        seed: int = 0,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        check_columns(pairs, ["item_a", "item_b", "same"], maker="read_pair_table")
        self._pairs = np.stack([_positions(pairs, column, len(items)) for column in ("item_a", "item_b")])
        self._same = _scores(pairs)
        sampler = _PairSampler(len(pairs), batch_size, seed)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a batch `(2, batch)`, and their `same`, float32 `(batch,)`."""
        rows = self.sampler.batch(epoch, index)
        return self._pairs[:, rows], self._same[rows]


def _positions(pairs: pd.DataFrame, column: str, num_items: int) -> np.ndarray:
    positions = pd.to_numeric(pairs[column], errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = ~((positions >= 0) & (positions < num_items) & (positions % 1 == 0))
    if wrong.any():
        raise ValueError(
            f"`{column}` must be the position of an item, from 0 to {num_items - 1}. "
            f"Received: {pairs[column].iloc[wrong.argmax()]!r} in {name_rows(np.flatnonzero(wrong))}."
        )
    return positions.astype(np.int64)


def _scores(pairs: pd.DataFrame) -> np.ndarray:
    scores = pd.to_numeric(pairs["same"], errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = ~np.isfinite(scores)
    if wrong.any():
        raise ValueError(
            f"`same` must be 1 or 0, or a score. Received: {pairs['same'].iloc[wrong.argmax()]!r} in "
            f"{name_rows(np.flatnonzero(wrong))}. `read_pair_table` also reads true and false, yes and no."
        )
    return scores.astype(np.float32)
