"""What every training of `comparators train` shares: its settings, its result, and the best epoch."""

from typing import NamedTuple

import keras
from tqdm import tqdm

from comparators.command_line.report import note
from comparators.generators.ordered_batches import OrderedBatches
from comparators.models.comparator import Comparator


class Fit(NamedTuple):
    """How a network is trained, see the options of `comparators train`."""

    epochs: int
    learning_rate: float
    batch_size: int
    labels_per_batch: int | None
    items_per_label: int
    window_seconds: float | None
    validation_fraction: float
    target_far: float | None
    seed: int


class Trained(NamedTuple):
    """What a training returns.

    Attributes:
        model: with its threshold, where one could be fitted; not compiled.
        history: name of a figure -> its value after each epoch.
        size: what it was trained on, in words.
        num_left_out: files, matches or texts that could not be used.
    """

    model: Comparator
    history: dict[str, list[float]]
    size: str
    num_left_out: int


def fit_best(
    model: Comparator,
    batches: OrderedBatches,
    monitor: keras.callbacks.Callback | None,
    figure: str,
    how: Fit,
    quiet: bool,
    loss: keras.losses.Loss | str | None = None,
) -> tuple[Comparator, dict[str, list[float]]]:
    """Trains, shows the progress on stderr, and keeps the weights of the best epoch.

    Args:
        model: the network.
        batches: to train on.
        monitor: puts `figure` into the logs of each epoch; None keeps the last epoch.
        figure: what tells the best epoch; of an error rate the least, of all others the most.
        how: epochs and learning rate.
        quiet: no progress.
        loss: for a network that has no objective.

    Returns:
        The network without the optimiser's state, which is two thirds of a file, and what Keras calls the history: name
        of a figure -> its value after each epoch.
    """
    callbacks = [] if quiet else [training_progress(how.epochs, len(batches))]
    if monitor is not None:
        mode = "min" if figure.endswith("eer") else "max"
        best = keras.callbacks.EarlyStopping(figure, mode=mode, patience=how.epochs, restore_best_weights=True)
        callbacks = [monitor, best, *callbacks]
    model.compile(optimizer=keras.optimizers.Adam(how.learning_rate), loss=loss)
    history = model.fit(batches, epochs=how.epochs, callbacks=callbacks, verbose=0).history
    return model.with_objective(model.objective), history


def training_progress(epochs: int, num_batches: int) -> keras.callbacks.Callback:
    """Makes the callback that shows a bar of the batches, and each epoch's figures, on stderr."""
    bar = tqdm(total=epochs * num_batches, desc="training", unit="batch", disable=None, leave=False)

    def tell(epoch: int, logs: dict) -> None:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in logs.items())
        note(f"epoch {epoch + 1} of {epochs}: {figures}")

    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: bar.update(),
        on_epoch_end=tell,
        on_train_end=lambda logs: bar.close(),
    )
