"""Batches of ready rows of items: an anchor, its positive, and any hard negatives."""

from collections.abc import Sequence

import numpy as np

from comparators.generators.item_batches import ItemBatches, Items
from comparators.generators.label_codes import check_one_label_each, label_codes
from comparators.generators.row_names import name_rows
from comparators.generators.row_sampler import RowSampler


class Rows(ItemBatches):
    """Trains on rows of items that belong together: batches `((anchor, positive, ...), codes)`.

    For `InfoNCE`, which takes an anchor, its positive and any number of hard negatives, such as those of
    `mine_hard_negatives`. Ready pairs with a score are for `PairTable`; triplets drawn from labels are `Triplets`.

    Args:
        items: what is in a batch, such as `TextItems(texts, tokenizer)`.
        rows: positions of the items of each row, `(n, views)`, 2 views or more.
        sampler: which rows are in a batch: `DistinctSampler(rows, batch_size)` keeps rows that share an item apart, and
            `RowSampler(len(rows), batch_size)` does not.
        labels: of the rows, `(n,)`, strings or numbers: rows of one label are not each other's negatives. None: the
            anchor is the label, so that an anchor's other positives are not its negatives.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; their position is their code in the batches.

    Raises:
        ValueError: `rows` are not positions of items, the sampler is for another number of rows, or there is not one
            label for each row.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> from comparators.generators.distinct_sampler import DistinctSampler
        >>> rows = [[0, 1, 4], [2, 3, 5], [0, 4, 3]]
        >>> batches = Rows(ArrayItems(np.arange(6)), rows, DistinctSampler(rows, batch_size=2))
        >>> [np.stack(views, axis=1).tolist() for views, codes in batches]
        [[[0, 1, 4], [2, 3, 5]], [[0, 4, 3]]]
    """

    def __init__(
        self,
        items: Items,
        rows: Sequence | np.ndarray,
        sampler: RowSampler,
        labels: Sequence | np.ndarray | None = None,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
        self._rows = check_positions(rows, len(items), "rows")
        if self._rows.shape[1] < 2:
            raise ValueError("`rows` must hold 2 items or more each, an anchor and its positive. Received: 1.")
        if sampler.num_rows != len(self._rows):
            raise ValueError(
                f"`sampler` must be for the {len(self._rows)} rows. Received: one for {sampler.num_rows}. "
                "Make it of the same rows: `DistinctSampler(rows, batch_size)`."
            )
        labels = self._rows[:, 0] if labels is None else labels
        check_one_label_each(labels, len(self._rows))
        self.label_names, self._codes = label_codes(labels)

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a batch `(views, batch)`, and the codes of the rows' labels, int32 `(batch,)`."""
        rows = self.sampler.batch(epoch, index)
        return self._rows[rows].T, self._codes[rows]


def check_positions(positions: Sequence | np.ndarray, num_items: int, name: str) -> np.ndarray:
    """Returns positions of items as they are, int64 `(n, k)`, or says which of them is none.

    Args:
        positions: `(n, k)`, from 0 to `num_items` - 1.
        num_items: how many items there are.
        name: of the argument, for the message.

    Raises:
        ValueError: they have another shape or type, or are out of their range.

    Example:
        >>> check_positions([[0, 3]], 3, "rows")
        Traceback (most recent call last):
        ValueError: `rows` must be positions of items, from 0 to 2. Received: 3 in row 0.
    """
    positions = np.asarray(positions)
    if positions.ndim != 2 or positions.dtype.kind not in "iu" or not positions.size:
        raise ValueError(
            f"`{name}` must be whole numbers, `(n, k)`. Received: {positions.dtype} of shape {positions.shape}."
        )
    wrong = np.flatnonzero(((positions < 0) | (positions >= num_items)).any(axis=1))
    if len(wrong):
        values = positions[wrong[0]]
        value = values[(values < 0) | (values >= num_items)][0]
        hint = " A -1 of `mine_hard_negatives` stands for no negative: leave those rows out." if value == -1 else ""
        raise ValueError(
            f"`{name}` must be positions of items, from 0 to {num_items - 1}. "
            f"Received: {value} in {name_rows(wrong)}.{hint}"
        )
    return positions.astype(np.int64)
