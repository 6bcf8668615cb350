"""Batches that Keras takes in their order, redrawn for each epoch."""

import keras
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
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
        self._begun = False

    def batch(self, epoch: int, index: int) -> tuple:
        """Draws a batch: `(inputs, labels)`."""
        raise NotImplementedError(f"`{type(self).__name__}` must define `batch(epoch, index)`.")

    def __getitem__(self, index: int) -> tuple:
        return self.batch(self.epoch, index)

    def on_epoch_begin(self) -> None:
        """Notes that an epoch began: Keras also announces ends of epochs that never did."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Goes on to the next epoch. Workers start before `on_epoch_begin`, so it cannot be done there."""
        if self._begun and self.redraw:
            self.epoch += 1
        self._begun = False

    def get_numpy_iterator(self):
        """Hands the batches to Keras in order; so do the following three, for one backend each."""
        return PyDatasetAdapter(self).get_numpy_iterator()

    def get_tf_dataset(self):
        return PyDatasetAdapter(self).get_tf_dataset()

    def get_jax_iterator(self):
        return PyDatasetAdapter(self).get_jax_iterator()

    def get_torch_dataloader(self):
        return PyDatasetAdapter(self).get_torch_dataloader()

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
