"""A training that was stopped goes on as if it had not been."""

import os
from pathlib import Path
from typing import Protocol

import keras
import numpy as np


class Batches(Protocol):
    """A dataset whose batches depend on the number of the epoch, as all of `comparators.generators` are."""

    epoch: int
    redraw: bool


class ExactResume(keras.callbacks.BackupAndRestore):
    """Backs up a training after each epoch; the same call of `fit` then goes on, and to the same losses.

    Keras's `BackupAndRestore` keeps weights, the optimizer and the number of the epoch. It forgets what random layers
    (dropout, augmentation, masks) would draw next, and which epoch the dataset is in: this class keeps both.

    Learning rates that are a function of the epoch (`StepDecay`) or of the step (Keras's schedules) go on rightly;
    callbacks that count for themselves, such as `EarlyStopping`, start anew. Under NumPy's or Keras's global random
    state nothing can be repeated: give datasets and layers a seed of their own.

    Args:
        directory: of the backup, for this training alone.
        batches: the training's dataset; None where it is the same in each epoch.
        keep: whether the backup stays when the training has come to its end.

    Raises:
        ValueError: the backup is of another model; see also `keras.callbacks.BackupAndRestore`.

    Example:
        >>> def train(epochs):
        ...     keras.utils.set_random_seed(0)
        ...     model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
        ...     model.compile("adam", "mse")
        ...     x, resume = np.ones((4, 2), "float32"), ExactResume("backup", keep=True)
        ...     return model.fit(x, x[:, :1], epochs=epochs, shuffle=False, verbose=0, callbacks=[resume])
        >>> train(epochs=2).epoch, train(epochs=3).epoch
        ([0, 1], [2])
    """

    def __init__(self, directory: str | os.PathLike, batches: Batches | None = None, keep: bool = False):
        super().__init__(str(directory), double_checkpoint=False, delete_checkpoint=not keep)
        self.directory = Path(directory)
        self.batches = batches
        self._next_drawn = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        super().on_train_begin(logs)
        epoch = self.model._initial_epoch
        if not epoch:
            return
        with np.load(self._draws_path(epoch)) as states:
            draws = self._draws()
            if len(states) != len(draws) + 1:
                raise ValueError(
                    f"The backup must be of this model. Received: random states of {len(states) - 1} layers in "
                    f"'{self.directory}', the model has {len(draws)}. Name another directory."
                )
            for number, variable in enumerate(draws):
                variable.assign(states[str(number)])
            if self.batches is not None:
                self.batches.epoch = int(states["epoch"])

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        if self.batches is not None:
            # Not always the training's: a batch that was asked for before `fit` may have begun another.
            self._next_drawn = self.batches.epoch + int(self.batches.redraw)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        # Before the weights, and beside those of the epoch before: whenever it stops, both are of one epoch.
        self.directory.mkdir(parents=True, exist_ok=True)
        states = {str(n): keras.ops.convert_to_numpy(variable) for n, variable in enumerate(self._draws())}
        np.savez(self._draws_path(epoch + 1), epoch=self._next_drawn, **states)
        super().on_epoch_end(epoch, logs)
        self._remove_draws(but=self._draws_path(epoch + 1))

    def on_train_end(self, logs: dict | None = None) -> None:
        super().on_train_end(logs)
        if self.delete_checkpoint:
            self._remove_draws()

    def _draws(self) -> list[keras.Variable]:
        """The states of all random layers: what is a variable of the model and no weight."""
        weights = {id(weight) for weight in self.model.weights}
        return [variable for variable in self.model.variables if id(variable) not in weights]

    def _draws_path(self, epoch: int) -> Path:
        return self.directory / f"draws_{epoch}.npz"

    def _remove_draws(self, but: Path | None = None) -> None:
        for path in self.directory.glob("draws_*.npz"):
            if path != but:
                path.unlink()
