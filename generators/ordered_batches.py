"""Batches that Keras takes in their order, redrawn for each epoch."""

from collections.abc import Iterator

import keras
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from keras.src.trainers.data_adapters.data_adapter_utils import get_tensor_spec
from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter


class OrderedBatches(keras.utils.PyDataset, DataAdapter):
    """The base of datasets whose batches are a pure function of (epoch, index), which `fit` must take in order.

    `fit` shuffles the indices of a plain `PyDataset` with Python's global random state (its `shuffle` is True by
    default and cannot be undone from inside), so that neither the order nor a resumed run could be repeated. Keras
    takes a `DataAdapter` as it is; this class is one, and hands itself on unshuffled. `fit`'s `class_weight` does not
    reach it.

    Subclasses define `batch(epoch, index)` and `__len__`.

    Args:
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        epoch: number of the epoch that `__getitem__` draws.

    Raises:
        ValueError: `start_epoch` is negative.
    """

    def __init__(
        self,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        super().__init__(workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=max_queue_size)
        if start_epoch < 0:
            raise ValueError(f"`start_epoch` must not be negative. Received: start_epoch={start_epoch}.")
        self.epoch = start_epoch
        self.redraw = redraw
        self.drawn = False

    def batch(self, epoch: int, index: int) -> tuple:
        """Draws a batch: `(inputs, labels)`."""
        raise NotImplementedError(f"`{type(self).__name__}` must define `batch(epoch, index)`.")

    @property
    def ragged_inputs(self) -> tuple[str, ...]:
        """Names of the inputs whose second axis, time, differs in length from batch to batch.

        Keras guesses from two batches which axes differ, and these may happen to be of one length.
        """
        return ()

    def __getitem__(self, index: int) -> tuple:
        self.drawn = True
        return self.batch(self.epoch, index)

    def on_epoch_end(self) -> None:
        """Goes on to the next epoch, where this one was drawn.

        Keras also calls this before the first epoch, and starts workers before `on_epoch_begin`; so an epoch ends
        here, and counts when all its batches were handed out (or one was asked for by index).
        """
        if self.drawn and self.redraw:
            self.epoch += 1
        self.drawn = False

    def get_numpy_iterator(self):
        """Hands the batches to Keras in order; so do the other three, for one backend each."""
        return _OrderedAdapter(self).get_numpy_iterator()

    def get_tf_dataset(self):
        return _OrderedAdapter(self).get_tf_dataset()

    def get_jax_iterator(self):
        return _OrderedAdapter(self).get_jax_iterator()

    def get_torch_dataloader(self):
        return _OrderedAdapter(self).get_torch_dataloader()

    @property
    def batch_size(self) -> None:
        """Not stated to Keras."""
        return None

    @property
    def has_partial_batch(self) -> bool:
        """All batches are whole."""
        return False

    @property
    def partial_batch_size(self) -> None:
        """There is no partial batch."""
        return None


class _CurrentEpoch(keras.utils.PyDataset):
    """What workers see: drawing from it does not mark the epoch as drawn, since they also run ahead and look in."""

    def __init__(self, batches: OrderedBatches):
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple:
        return self.batches.batch(self.batches.epoch, index)


class _OrderedAdapter(PyDatasetAdapter):
    """Hands out one epoch after the other without shuffling, and notes when all of one was handed out."""

    def __init__(self, batches: OrderedBatches):
        super().__init__(_CurrentEpoch(batches))
        self.batches = batches

    def get_tf_dataset(self):
        names = self.batches.ragged_inputs
        if names and self._output_signature is None:
            first = [self.batches.batch(self.batches.epoch, index) for index in range(min(2, len(self.batches)))]
            self._output_signature = _with_any_length(get_tensor_spec(first), names)
        return super().get_tf_dataset()

    def _get_iterator(self) -> Iterator[tuple]:
        for number, batch in enumerate(super()._get_iterator(), start=1):
            self.batches.drawn = number == len(self.batches)
            if self.batches.drawn and self.enqueuer is not None:
                # Keras asks for no batch after the last, and workers that were not stopped never start again.
                self.enqueuer.stop()
            yield batch


def _with_any_length(spec, names: tuple[str, ...]):
    """Returns a structure of TensorSpecs in which the second axis of the named ones has any length."""
    if isinstance(spec, tuple):
        return tuple(_with_any_length(part, names) for part in spec)
    if not isinstance(spec, dict):
        return spec
    return {
        name: type(part)((*part.shape[:1], None, *part.shape[2:]), part.dtype)
        if name in names and not isinstance(part, dict | tuple)
        else _with_any_length(part, names)
        for name, part in spec.items()
    }
