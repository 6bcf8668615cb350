"""Batches of triplets of items: an anchor, a positive and a negative."""

from collections.abc import Sequence

import numpy as np

from comparators.generators.item_batches import ItemBatches, Items
from comparators.generators.label_codes import check_one_label_each
from comparators.generators.triplet_sampler import TripletSampler


class Triplets(ItemBatches):
    """Trains on triplets drawn from labelled items: batches `((anchor, positive, negative), codes)`.

    Every item that shares its label with another is the anchor of exactly one triplet of an epoch, and the triplets are
    drawn anew for each epoch: see `TripletSampler`. The last batch of an epoch is smaller where the batch size does not
    divide the anchors. Groups of items (`Groups`) with a triplet loss that mines the batch train faster.

    The losses for them are `ReadyTripletLoss` and `InfoNCE`. Losses that take the items of a row for items of one label
    (`SupConLoss`, `ContrastiveLoss`, ...) would take the negative for a positive.

    Args:
        items: what is in a batch, such as `ArrayItems(images)`, `AudioItems(table, window_seconds)` or
            `ImageItems(table, reader)`.
        labels: of the items, `(n,)`, strings or numbers, such as `table.label`.
        batch_size: triplets of a batch.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; their position is their code in the batches.
        sampler: the `TripletSampler`.

    Raises:
        ValueError: there is not one label for each item, or only one label in all, a label is missing, there are too
            few items for the batch, or an argument is out of its range.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> images, labels = np.zeros((6, 28, 28, 1), "uint8"), [3, 3, 5, 5, 8, 8]
        >>> (anchor, positive, negative), codes = Triplets(ArrayItems(images), labels, batch_size=6)[0]
        >>> anchor.shape, negative.shape, sorted(codes.tolist())
        ((6, 28, 28, 1), (6, 28, 28, 1), [0, 0, 1, 1, 2, 2])
    """

    def __init__(
        self,
        items: Items,
        labels: Sequence | np.ndarray,
        batch_size: int,
        seed: int = 0,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        check_one_label_each(labels, len(items))
        sampler = TripletSampler(labels, batch_size, seed)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)

    @property
    def label_names(self) -> np.ndarray:
        return self.sampler.label_names

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws the items of a batch `(3, batch)`, and the anchors' label codes, int32 `(batch,)`."""
        items = self.sampler.batch(epoch, index)
        return items, self.sampler.codes[items[0]]
