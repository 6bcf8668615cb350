"""Batches of pairs of items: of one label, or of two."""

from collections.abc import Sequence

import numpy as np

from comparators.generators.item_batches import ItemBatches, Items
from comparators.generators.label_codes import check_one_label_each
from comparators.generators.pair_sampler import PairSampler


class Pairs(ItemBatches):
    """Trains siamese networks on pairs drawn from labelled items: batches `((a, b), same)`.

    Every item is the `a` of exactly one pair of an epoch, and the pairs are drawn anew for each epoch: see
    `PairSampler`. The last batch of an epoch is smaller where the batch size does not divide the items. Ready pairs
    are for `PairTable`; groups of items (`Groups`), in which every pair is scored, train faster.

    Args:
        items: what is in a batch, such as `ArrayItems(images)`, `AudioItems(table, window_seconds)` or
            `ImageItems(table, reader)`.
        labels: of the items, `(n,)`, strings or numbers, such as `table.label`.
        batch_size: pairs of a batch.
        same_fraction: share of the pairs that are of one label, between 0 and 1.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order.
        sampler: the `PairSampler`.

    Raises:
        ValueError: there is not one label for each item, or only one label in all, a label is missing, there are too
            few items for the batch or for `same_fraction`, or an argument is out of its range.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> images, labels = np.zeros((6, 28, 28, 1), "uint8"), [3, 3, 5, 5, 8, 8]
        >>> (a, b), same = Pairs(ArrayItems(images), labels, batch_size=4)[0]
        >>> a.shape, b.shape, same.tolist()
        ((4, 28, 28, 1), (4, 28, 28, 1), [0.0, 1.0, 0.0, 1.0])
    """

    def __init__(
        self,
        items: Items,
        labels: Sequence | np.ndarray,
        batch_size: int,
        same_fraction: float = 0.5,
        seed: int = 0,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        check_one_label_each(labels, len(items))
        sampler = PairSampler(labels, batch_size, same_fraction, seed)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)

    @property
    def label_names(self) -> np.ndarray:
        return self.sampler.label_names

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a batch `(2, batch)`, and float32 `(batch,)`: 1 where they are of one label, else 0."""
        items = self.sampler.batch(epoch, index)
        a, b = self.sampler.codes[items]
        return items, (a == b).astype(np.float32)
