"""A training that is stopped goes on as if it had not been."""

import json
import os
import shutil
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import keras
import numpy as np

from comparators.recognition.atomic_file import replaced_file, replaced_path

_WEIGHTS = "epoch_{}.weights.h5"
_DRAWS = "draws_{}.npz"


class Batches(Protocol):
    """A dataset whose batches depend on the number of the epoch, as all of `comparators.generators` are."""

    epoch: int
    redraw: bool


class ExactResume(keras.callbacks.Callback):
    """Backs up a training after each epoch; the same call of `fit` then goes on, and to the same losses.

    Keras's `BackupAndRestore` keeps weights, the optimizer and the number of the epoch. It forgets what random layers
    (dropout, augmentation, masks) would draw next, and which epoch the dataset is in: this class keeps both. Stopped
    while a backup is written, a training goes on from the one before.

    Name it last: figures that callbacks after it put into the logs are not in `history`, and files that they write
    after an epoch are not written again.

    Learning rates that are a function of the epoch (`StepDecay`) or of the step (Keras's schedules) go on rightly;
    callbacks that count for themselves, such as `EarlyStopping`, start anew. Under NumPy's or Keras's global random
    state nothing can be repeated: give datasets and layers a seed of their own.

    Args:
        directory: of the backup, for this training alone.
        batches: the training's dataset; None where it is the same in each epoch.
        keep: whether the backup stays when the training has come to its end.

    Attributes:
        history: name of a figure -> its value after each epoch, as `fit` returns it, but of those before a stop too.

    Raises:
        ValueError: from `fit`, the model has no weights yet, or the backup is of another model, or damaged.

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
        super().__init__()
        self.directory = Path(directory)
        self.batches = batches
        self.keep = keep
        self.history: dict[str, list[float]] = {}
        self._next_drawn = 0

    @property
    def num_epochs(self) -> int:
        """Number of epochs after which the training goes on; 0 where there is no backup."""
        # The weights are written last, and whole or not at all: where they are, so is the rest.
        saved = self.directory.glob(_WEIGHTS.format("*"))
        return max((int(path.name.split(".")[0].removeprefix("epoch_")) for path in saved), default=0)

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not self.model.built:
            raise ValueError("The model must have weights before `fit`. Received: none. Call it on a batch first.")
        self.history, epoch = {}, self.num_epochs
        if not epoch:
            return
        try:
            self._restore(epoch)
        except (ValueError, OSError, KeyError, EOFError, BadZipFile) as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(
                f"The backup must be of this model, and whole. Received: epoch {epoch} in '{self.directory}' "
                f"({reason}). Name another directory, or remove that one to begin anew."
            ) from error
        self.model._initial_epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self.batches is not None:
            # Not always the training's: a batch that was asked for before `fit` may have begun another.
            self._next_drawn = self.batches.epoch + int(self.batches.redraw)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        states = {str(n): keras.ops.convert_to_numpy(variable) for n, variable in enumerate(self._draws())}
        history = json.dumps(self.history, default=float)
        self.directory.mkdir(parents=True, exist_ok=True)
        with replaced_file(self._path(_DRAWS, epoch + 1)) as file:
            np.savez(file, epoch=self._next_drawn, history=history, **states)
        with replaced_path(self._path(_WEIGHTS, epoch + 1)) as partial:
            self.model.save_weights(partial)
        self._remove(but=epoch + 1)

    def on_train_end(self, logs: dict | None = None) -> None:
        if not self.keep:
            self.remove()

    def remove(self) -> None:
        """Removes the backup and its directory."""
        self._remove()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _restore(self, epoch: int) -> None:
        if self.model.optimizer is not None and not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self._path(_WEIGHTS, epoch))
        with np.load(self._path(_DRAWS, epoch)) as states:
            draws = self._draws()
            if len(states) != len(draws) + 2:
                raise ValueError(f"random states of {len(states) - 2} layers, the model has {len(draws)}")
            for number, variable in enumerate(draws):
                variable.assign(states[str(number)])
            self.history = json.loads(str(states["history"]))
            if self.batches is not None:
                self.batches.epoch = int(states["epoch"])

    def _draws(self) -> list[keras.Variable]:
        """The states of all random layers: what is a variable of the model and no weight."""
        weights = {id(weight) for weight in self.model.weights}
        return [variable for variable in self.model.variables if id(variable) not in weights]

    def _path(self, name: str, epoch: int | None) -> Path:
        return self.directory / name.format(epoch)

    def _remove(self, but: int | None = None) -> None:
        """Removes the backups of other epochs, of each first the weights: without them it counts no more."""
        for name in (_WEIGHTS, _DRAWS):
            for path in self.directory.glob(name.format("*")):
                if path != self._path(name, but):
                    path.unlink()
