"""Batches of arrays in memory: P labels, K items of each."""

from collections.abc import Mapping, Sequence

import numpy as np

from comparators.generators.array_items import ArrayItems
from comparators.generators.group_sampler import GroupSampler
from comparators.generators.groups import Groups


class ArrayGroups(Groups):
    """Trains on arrays in memory (cached features, images): batches of P labels with K items each.

    A batch is a pure function of (seed, epoch, index): see `GroupSampler` for which items are in it.

    Args:
        arrays: the items, `(n, ...)`.
        labels: of the items, `(n,)`, strings or integers.
        labels_per_batch: P.
        items_per_label: K.
        lengths: of the items within a padded array, `(n,)`. With them the inputs are a dict.
        input_name: key of the items in that dict: `"features"` for a trunk, `"waveforms"` for a whole encoder.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        recordings: which recording each item is from, `(n,)`, see `GroupSampler`.
        corpora: which corpus each item is from, `(n,)`; each batch then stays within one.
        corpus_weights: corpus -> factor on its number of batches.
        passes_per_epoch: how often each label comes in an epoch.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; their position is their code in the batches.
        items: the `ArrayItems`.
        sampler: the `GroupSampler`.

    Raises:
        ValueError: there are too few labels, or an argument is out of its range or of another length.

    Example:
        >>> groups = ArrayGroups(np.zeros((6, 5, 2)), ["ann", "bob", "eve"] * 2, 3, 2, lengths=[5] * 6)
        >>> inputs, labels = groups[0]
        >>> inputs["features"].shape, inputs["lengths"].tolist(), sorted(labels.tolist())
        ((6, 5, 2), [5, 5, 5, 5, 5, 5], [0, 0, 1, 1, 2, 2])
    """

    def __init__(
        self,
        arrays: np.ndarray,
        labels: Sequence | np.ndarray,
        labels_per_batch: int,
        items_per_label: int,
        lengths: Sequence | np.ndarray | None = None,
        input_name: str = "features",
        seed: int = 0,
        start_epoch: int = 0,
        recordings: Sequence | np.ndarray | None = None,
        corpora: Sequence | np.ndarray | None = None,
        corpus_weights: Mapping[str, float] | None = None,
        passes_per_epoch: int = 1,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        sampler = GroupSampler(
            labels,
            labels_per_batch,
            items_per_label,
            seed=seed,
            recordings=recordings,
            corpora=corpora,
            corpus_weights=corpus_weights,
            passes_per_epoch=passes_per_epoch,
        )
        items = ArrayItems(arrays, lengths, input_name)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
