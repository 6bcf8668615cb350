"""Batches of items: what is in a batch apart from which."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from comparators.generators.array_items import ArrayItems
from comparators.generators.ordered_batches import OrderedBatches

if TYPE_CHECKING:
    import tensorflow as tf

Inputs = np.ndarray | dict[str, np.ndarray]

_ITEM_DRAWS = 100
_BLOCK = 32


class Items(Protocol):
    """What is in a batch: `ArrayItems`, `AudioItems`, `ImageItems`, or a class of your own with these two."""

    def __len__(self) -> int: ...

    def take(self, indices: np.ndarray, random: np.random.Generator) -> Inputs:
        """Returns some items `(batch,)` as inputs; draws from `random` what is random about them."""


class Sampler(Protocol):
    """Which items are in a batch: `GroupSampler`, `RowSampler`, `PairSampler` or `TripletSampler`."""

    seed: int
    num_batches: int

    def batch(self, epoch: int, index: int) -> np.ndarray: ...


class ItemBatches(OrderedBatches):
    """The base of datasets that take items as a sampler says.

    Subclasses define `draw(epoch, index)`.

    Args:
        items: what is in a batch.
        sampler: which of them.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.
    """

    def __init__(
        self,
        items: Items,
        sampler: Sampler,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        super().__init__(start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
        self.items = items
        self.sampler = sampler

    def __len__(self) -> int:
        return self.sampler.num_batches

    @property
    def ragged_inputs(self) -> tuple[str, ...]:
        """Names of the inputs whose second axis differs in length from batch to batch, as the items tell."""
        return getattr(self.items, "ragged_inputs", ())

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws which items are in a batch.

        Returns:
            Positions of the items int64 `(batch,)`, or `(views, batch)` where a row has several; and the targets
            `(batch,)`.
        """
        raise NotImplementedError(f"`{type(self).__name__}` must define `draw(epoch, index)`.")

    def batch(self, epoch: int, index: int) -> tuple[Inputs | tuple[Inputs, ...], np.ndarray]:
        """Draws one batch.

        Args:
            epoch: from 0.
            index: of the batch in the epoch.

        Returns:
            `(inputs, targets)`: the inputs as the items' `take` returns them, or a tuple of such where a row has
            several items; the targets `(batch,)`.
        """
        items, targets = self.draw(epoch, index)
        random = np.random.default_rng((self.sampler.seed, _ITEM_DRAWS, epoch, index))
        inputs = self.items.take(items.ravel(), random)
        return (inputs if items.ndim == 1 else _views(inputs, len(items))), targets

    def as_tf_dataset(self) -> "tf.data.Dataset":
        """Returns the same batches as a `tf.data.Dataset`: TensorFlow gathers the items, outside of Python.

        It begins with the current epoch and goes on without end, one epoch after the other, so `fit` must be told
        where an epoch ends: `fit(batches.as_tf_dataset(), steps_per_epoch=len(batches))`. The arrays are copied once.

        Raises:
            TypeError: the items are not `ArrayItems`.
        """
        if not isinstance(self.items, ArrayItems):
            raise TypeError(
                "`as_tf_dataset` gathers arrays in memory. "
                f"Received: items={type(self.items).__name__}. Hand the dataset itself to `fit`."
            )
        import tensorflow as tf

        arrays = tf.nest.map_structure(tf.constant, self.items.inputs)

        def take(items: tf.Tensor) -> tf.Tensor | dict[str, tf.Tensor]:
            return tf.nest.map_structure(lambda array: tf.gather(array, items), arrays)

        def gather(items: tf.Tensor, targets: tf.Tensor) -> tuple:
            return (take(items) if items.shape.rank == 1 else tuple(map(take, tf.unstack(items)))), targets

        items, targets = self.draw(self.epoch, 0)
        size = items.shape[-1] if self.draw(self.epoch, len(self) - 1)[0].shape == items.shape else None
        signature = (
            tf.TensorSpec((None, *items.shape[:-1], size), items.dtype),
            tf.TensorSpec((None, size), targets.dtype),
        )
        drawn = tf.data.Dataset.from_generator(self._endless_draws, output_signature=signature).unbatch()
        return drawn.map(gather, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _endless_draws(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Draws blocks of batches of one size, since each step from Python to TensorFlow costs more than a batch."""
        for epoch in itertools.count(self.epoch, step=int(self.redraw)):
            for first in range(0, len(self), _BLOCK):
                draws = [self.draw(epoch, index) for index in range(first, min(first + _BLOCK, len(self)))]
                for _, block in itertools.groupby(draws, key=lambda draw: draw[0].shape):
                    items, targets = zip(*block, strict=True)
                    yield np.stack(items), np.stack(targets)


def _views(inputs: Inputs, number: int) -> tuple[Inputs, ...]:
    """Splits a batch of `(views * rows)` items, one view after the other, without a copy."""
    if isinstance(inputs, dict):
        parts = {name: np.split(values, number) for name, values in inputs.items()}
        return tuple({name: values[view] for name, values in parts.items()} for view in range(number))
    return tuple(np.split(inputs, number))
