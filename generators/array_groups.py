"""Batches of arrays in memory: P labels, K items of each."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from comparators.generators.group_sampler import GroupSampler
from comparators.generators.ordered_batches import OrderedBatches

if TYPE_CHECKING:
    import tensorflow as tf


class ArrayGroups(OrderedBatches):
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
        super().__init__(start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
        self.arrays = np.asarray(arrays)
        self.lengths = None if lengths is None else np.asarray(lengths, np.int32)
        self.input_name = input_name
        for name, values in {"labels": labels, "lengths": self.lengths}.items():
            if values is not None and len(values) != len(self.arrays):
                raise ValueError(
                    f"`{name}` must have one entry for each of the {len(self.arrays)} items. Received: {len(values)}."
                )
        self.sampler = GroupSampler(
            labels,
            labels_per_batch,
            items_per_label,
            seed=seed,
            recordings=recordings,
            corpora=corpora,
            corpus_weights=corpus_weights,
            passes_per_epoch=passes_per_epoch,
        )

    @property
    def label_names(self) -> np.ndarray:
        return self.sampler.label_names

    def __len__(self) -> int:
        return self.sampler.num_batches

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray | dict[str, np.ndarray], np.ndarray]:
        """Draws one batch.

        Args:
            epoch: from 0.
            index: of the batch in the epoch.

        Returns:
            `(items, labels)` or, with lengths, `({input_name: items, "lengths": lengths}, labels)`: items
            `(P * K, ...)`, lengths and labels int32 `(P * K,)`, those of one label in a row.
        """
        items = self.sampler.batch(epoch, index)
        lengths = None if self.lengths is None else self.lengths[items]
        return self._inputs(self.arrays[items], lengths), self.sampler.codes[items]

    def as_tf_dataset(self) -> "tf.data.Dataset":
        """Returns the same batches as a `tf.data.Dataset`: TensorFlow gathers the items, outside of Python.

        It begins with the current epoch and goes on without end, one epoch after the other, so `fit` must be told
        where an epoch ends: `fit(groups.as_tf_dataset(), steps_per_epoch=len(groups))`. The arrays are copied once.
        """
        import tensorflow as tf

        arrays, codes = tf.constant(self.arrays), tf.constant(self.sampler.codes)
        lengths = None if self.lengths is None else tf.constant(self.lengths)

        def gather(items: tf.Tensor) -> tuple:
            some_lengths = None if lengths is None else tf.gather(lengths, items)
            return self._inputs(tf.gather(arrays, items), some_lengths), tf.gather(codes, items)

        size = self.sampler.labels_per_batch * self.sampler.items_per_label
        items = tf.data.Dataset.from_generator(self._endless_items, output_signature=tf.TensorSpec((size,), tf.int64))
        return items.map(gather, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _endless_items(self) -> Iterator[np.ndarray]:
        for epoch in itertools.count(self.epoch, step=int(self.redraw)):
            for index in range(len(self)):
                yield self.sampler.batch(epoch, index)

    def _inputs(self, arrays, lengths):
        return arrays if lengths is None else {self.input_name: arrays, "lengths": lengths}
