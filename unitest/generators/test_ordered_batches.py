import multiprocessing

import keras
import numpy as np
import pytest

from comparators.generators.ordered_batches import OrderedBatches


class Numbered(OrderedBatches):
    """Batches whose target is their epoch and index, as 100 epoch + index."""

    def __len__(self) -> int:
        return 4

    def batch(self, epoch: int, index: int) -> tuple:
        return np.zeros((2, 3), "float32"), np.full((2, 1), 100 * epoch + index, "float32")


class LastTarget(keras.metrics.Metric):
    def __init__(self):
        super().__init__(name="last_target")
        self.value = self.add_weight(shape=(), initializer="zeros", name="value")

    def update_state(self, targets, outputs, sample_weight=None):
        self.value.assign(keras.ops.cast(targets[0, 0], "float32"))

    def result(self):
        return self.value + 0


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(round(float(logs["last_target"])))


@pytest.fixture
def model():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[LastTarget()])
    return model


def targets_in_fit(model, batches, **arguments) -> list[int]:
    recorder = Recorder()
    model.fit(batches, verbose=0, callbacks=[recorder], **arguments)
    return recorder.seen


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("shuffle", [True, False])
def test_fit_takes_the_batches_in_order_and_redraws_each_epoch(model, workers, shuffle):
    batches = Numbered(workers=workers)
    seen = targets_in_fit(model, batches, epochs=3, shuffle=shuffle, validation_data=Numbered(redraw=False))
    assert seen == [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203]
    assert batches.epoch == 3


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that fork")
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX and forked processes do not go together")
def test_fit_with_processes(model):
    batches = Numbered(workers=2, use_multiprocessing=True)
    assert targets_in_fit(model, batches, epochs=2) == [0, 1, 2, 3, 100, 101, 102, 103]


def test_fit_again_goes_on(model):
    batches = Numbered()
    targets_in_fit(model, batches, epochs=2)
    assert targets_in_fit(model, batches, epochs=1) == [200, 201, 202, 203]


def test_start_epoch_resumes(model):
    assert targets_in_fit(model, Numbered(start_epoch=7), epochs=2) == [700, 701, 702, 703, 800, 801, 802, 803]


def test_validation_that_is_not_redrawn(model):
    batches = Numbered(redraw=False)
    for _ in range(2):
        model.evaluate(batches, verbose=0)
    assert batches.epoch == 0


def test_by_hand():
    batches = Numbered()
    batches.on_epoch_end()  # as Keras does before the first epoch
    assert batches[1][1][0, 0] == 1
    batches.on_epoch_end()
    assert batches[1][1][0, 0] == 101
    assert [batch[1][0, 0] for batch in batches] == [100, 101, 102, 103]


def test_is_a_dataset_of_keras():
    batches = Numbered(workers=2, max_queue_size=5)
    assert isinstance(batches, keras.utils.PyDataset)
    assert (batches.workers, batches.use_multiprocessing, batches.max_queue_size) == (2, False, 5)
    assert batches.num_batches == 4


def test_errors():
    with pytest.raises(ValueError, match=r"`start_epoch` must not be negative. Received: start_epoch=-1"):
        Numbered(start_epoch=-1)
    with pytest.raises(NotImplementedError, match=r"`OrderedBatches` must define `batch\(epoch, index\)`"):
        OrderedBatches()[0]
