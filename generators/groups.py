"""Batches of items: P labels, K items of each."""

import numpy as np

from comparators.generators.group_sampler import GroupSampler
from comparators.generators.item_batches import ItemBatches, Items
from comparators.generators.label_codes import check_one_label_each


class Groups(ItemBatches):
    """Trains on batches of P labels with K items each, as group losses and `InBatchPairs` need them.

    `ArrayGroups`, `AudioGroups` and `ImageGroups` make the parts of this from arrays and tables.

    Args:
        items: what is in a batch, such as `ArrayItems`.
        sampler: which of them.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; their position is their code in the batches.

    Raises:
        ValueError: there is not one label for each item.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> sampler = GroupSampler(["ann", "bob"] * 2, labels_per_batch=2, items_per_label=2)
        >>> inputs, labels = Groups(ArrayItems(np.zeros((4, 5))), sampler)[0]
        >>> inputs.shape, labels.tolist()
        ((4, 5), [0, 0, 1, 1])
    """

    def __init__(
        self,
        items: Items,
        sampler: GroupSampler,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        check_one_label_each(sampler.codes, len(items))
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)

    @property
    def label_names(self) -> np.ndarray:
        return self.sampler.label_names

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a batch `(P * K,)`, those of one label in a row, and their label codes, int32."""
        items = self.sampler.batch(epoch, index)
        return items, self.sampler.codes[items]
