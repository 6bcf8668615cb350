"""A training that is stopped goes on to the same losses."""

import os
import pathlib

import keras
import numpy as np
import pytest

from comparators.callbacks import ExactResume, StepDecay
from comparators.custom_layers import SpecAugment
from comparators.generators import ArrayItems, Pairs
from comparators.models import GroupedAdam

EPOCHS = 5


class Stop(keras.callbacks.Callback):
    """Stops the program, as a cut in the power would, within an epoch."""

    def __init__(self, epoch: int, batch: int):
        super().__init__()
        self.at, self.seen = (epoch, batch), 0

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.seen, batch) == self.at:
            raise KeyboardInterrupt


@keras.saving.register_keras_serializable("tests")
class Distance(keras.Model):
    """Tells pairs apart, with two kinds of random layers and batch statistics."""

    def __init__(self):
        super().__init__()
        self.augment = SpecAugment(1, 3, 1.0, 1, 2, seed=1)
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(6, "tanh")
        self.norm = keras.layers.BatchNormalization()
        self.dropout = keras.layers.Dropout(0.3, seed=2)
        self.head = keras.layers.Dense(1, "sigmoid")

    def call(self, inputs, training=None):
        sides = [self.dense(self.flatten(self.augment(side, training=training))) for side in inputs]
        return self.head(self.dropout(self.norm(abs(sides[0] - sides[1]), training=training), training=training))


def train(folder, workers=1, stop=None):
    """Trains from the same start, or from the backup where there is one; returns the losses of its epochs."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    arrays, labels = random.normal(size=(24, 8, 4)).astype("float32"), np.arange(24) % 4
    batches = Pairs(ArrayItems(arrays), labels, batch_size=5, seed=4, workers=workers)
    model = Distance()
    model.compile(GroupedAdam(1e-2, gradient_accumulation_steps=2), "binary_crossentropy")
    model(batches[0][0])
    resume = ExactResume(folder, batches)
    callbacks = [StepDecay(1e-2, 1), resume, *([Stop(*stop)] if stop else [])]
    losses = model.fit(batches, epochs=EPOCHS, verbose=0, callbacks=callbacks).history["loss"]
    assert resume.history["loss"][-len(losses) :] == losses
    assert [len(values) for values in resume.history.values()] == [EPOCHS, EPOCHS]
    return losses


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_losses_after_a_stop_are_those_without_one(tmp_path, workers):
    whole = train(tmp_path / "whole", workers)
    assert len(whole) == EPOCHS
    assert not list((tmp_path / "whole").rglob("*.*")), "a finished training leaves no backup"
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", workers, stop=(2, 3))
    np.testing.assert_allclose(train(tmp_path / "cut", workers), whole[2:], rtol=1e-6)


def cut_short(self, path, overwrite=True):
    pathlib.Path(path).write_bytes(b"half of the weights")
    raise KeyboardInterrupt


def interrupted(*args, **kwargs):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("owner", "name", "stand_in", "done"),
    [
        (np, "savez", lambda file, **states: file.write(b"half") and interrupted(), 2),
        (keras.Model, "save_weights", cut_short, 2),
        (ExactResume, "_remove", interrupted, 3),
    ],
    ids=["draws", "weights", "removal"],
)
def test_a_training_stopped_within_a_backup_goes_on(tmp_path, monkeypatch, owner, name, stand_in, done):
    whole, end = train(tmp_path / "whole"), ExactResume.on_epoch_end

    def backup(self, epoch, logs=None):
        if epoch < 2:
            return end(self, epoch, logs)
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, stand_in)
            patch.setattr(pathlib.Path, "unlink", lambda path, missing_ok=False: None)  # killed, nobody cleans up
            end(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(ExactResume, "on_epoch_end", backup)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut")
    assert ExactResume(tmp_path / "cut").num_epochs == done
    np.testing.assert_allclose(train(tmp_path / "cut"), whole[done:], rtol=1e-6)


def test_a_backup_cut_between_draws_and_weights_is_the_one_before(tmp_path, monkeypatch):
    whole, replace = train(tmp_path / "whole"), os.replace

    def replace_but_weights(source, target):
        if "epoch_3" in str(target):
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace_but_weights)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut")
    assert (tmp_path / "cut/draws_3.npz").exists()
    np.testing.assert_allclose(train(tmp_path / "cut"), whole[2:], rtol=1e-6)


def test_a_damaged_backup_is_named(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, stop=(1, 0))
    (tmp_path / "epoch_1.weights.h5").write_bytes(b"")
    with pytest.raises(ValueError, match=rf"and whole\. Received: epoch 1 in '{tmp_path}' \(.*\)\. Name another"):
        train(tmp_path)


def test_a_model_without_weights_is_told(tmp_path):
    resume = ExactResume(tmp_path)
    resume.set_model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="Call it on a batch first"):
        resume.on_train_begin()


def test_the_backup_of_another_model_is_refused(tmp_path):
    x = np.ones((4, 2), "float32")

    def fit(*layers, epochs):
        model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(2)])
        model.compile("sgd", "mse")
        model.fit(x, x, epochs=epochs, verbose=0, callbacks=[ExactResume(tmp_path, keep=True)])

    fit(keras.layers.Dropout(0.1), epochs=1)
    with pytest.raises(ValueError, match="must be of this model"):
        fit(keras.layers.Dropout(0.1), keras.layers.Dropout(0.1), epochs=2)
