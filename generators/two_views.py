"""Batches of unlabelled items, each of them twice."""

import numpy as np

from comparators.generators.group_sampler import GroupSampler
from comparators.generators.item_batches import ItemBatches, Items
from comparators.generators.sampler_arguments import check_batch_size


class TwoViews(ItemBatches):
    """Trains without labels (SimCLR, Barlow Twins, VICReg, SimSiam): batches `((a, b), numbers)` of each item twice.

    What makes the views differ is the augmentation inside of the encoder, or another random window of a recording
    (`AudioItems`). No item is twice in a batch, and all batches are whole, as such losses compare within the batch:
    the items that do not fill a last batch are left out of an epoch and come first in the next.

    Args:
        items: what is in a batch, such as `ArrayItems(images)`, `AudioItems(table, window_seconds)` or
            `ImageItems(table, reader)`.
        batch_size: items of a batch.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        sampler: a `GroupSampler` for which each item is a label of its own.

    Raises:
        ValueError: there are fewer items than `batch_size`, or an argument is out of its range.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> (a, b), numbers = TwoViews(ArrayItems(np.zeros((6, 28, 28, 1), "uint8")), batch_size=4)[0]
        >>> a.shape, b.shape, len(set(numbers.tolist()))
        ((4, 28, 28, 1), (4, 28, 28, 1), 4)
    """

    def __init__(
        self,
        items: Items,
        batch_size: int,
        seed: int = 0,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        check_batch_size(batch_size, len(items), "items")
        sampler = GroupSampler(np.arange(len(items)), batch_size, items_per_label=1, seed=seed)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a batch `(2, batch)`, both rows the same, and their numbers, int32 `(batch,)`."""
        items = self.sampler.batch(epoch, index)
        return np.stack([items, items]), items.astype(np.int32)
