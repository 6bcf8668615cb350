"""The steps of `comparators train`: a model, recordings that can be read, labels kept out, batches, the best epoch."""

import math

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from comparators.callbacks.embedding_monitor import EmbeddingMonitor
from comparators.command_line.recordings import load_audio_encoder
from comparators.command_line.report import counted, note
from comparators.custom_layers.ge2e import GE2E
from comparators.generators.audio_groups import AudioGroups
from comparators.generators.splits import split_by_label
from comparators.models.audio_encoder import AudioEncoder

_ERROR_RATE = "val_eer"


def new_or_loaded(name_or_path: str | None, embedding_dim: int, channels: int, seed: int) -> AudioEncoder:
    """Makes a new encoder, or takes that of a model, with a new GE2E objective (its old one may know other labels)."""
    keras.utils.set_random_seed(seed)
    if name_or_path is None:
        return AudioEncoder.default(embedding_dim=embedding_dim, channels=channels)
    return _with_objective(load_audio_encoder(name_or_path), GE2E())


def without_optimizer(model: AudioEncoder) -> AudioEncoder:
    """Returns the same encoder in a model that is not compiled: its file is a third of the size."""
    return _with_objective(model, model.objective)


def usable_recordings(model: AudioEncoder, table: pd.DataFrame, quiet: bool) -> pd.DataFrame:
    """Reads every recording once, and leaves out those that cannot be read or hold too little speech, each with a note.

    A file that cannot be read would otherwise end the training hours later.
    """
    usable = []
    for row in tqdm(
        table.to_dict("records"), desc="reading", unit="file", disable=True if quiet else None, leave=False
    ):
        problem = _problem(model, row)
        usable.append(problem is None)
        if problem is not None:
            note(f"left out: {problem}")
    if not all(usable):
        note(f"left out {len(usable) - sum(usable):,} of {counted(len(usable), 'recording')}")
    return table[np.array(usable, bool)].reset_index(drop=True)


def split_labels(table: pd.DataFrame, fraction: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Keeps a share of the labels, at least two, out of training; none where it is 0 or labels are too few."""
    num_labels = table["label"].nunique()
    if fraction == 0 or num_labels < 4:
        note("warning: no validation labels, so the last epoch is kept and no threshold is fitted")
        return table, None
    return split_by_label(table, max(fraction, 2 / num_labels), seed=seed)


def make_batches(
    model: AudioEncoder,
    table: pd.DataFrame,
    labels_per_batch: int | None,
    items_per_label: int,
    window_seconds: float,
    seed: int,
) -> AudioGroups:
    """Makes batches, so many that an epoch shows about as many windows as there are recordings."""
    num_labels = table["label"].nunique()
    in_a_corpus = table.groupby("corpus")["label"].nunique().min() if "corpus" in table else num_labels
    return AudioGroups(
        table,
        labels_per_batch or min(32, int(in_a_corpus)),
        items_per_label,
        window_seconds,
        reader=model.reader,
        seed=seed,
        within_corpus="corpus" in table,
        passes_per_epoch=math.ceil(len(table) / (num_labels * items_per_label)),
    )


def fit(
    model: AudioEncoder,
    batches: AudioGroups,
    held_out: pd.DataFrame | None,
    epochs: int,
    learning_rate: float,
    quiet: bool,
) -> dict[str, list[float]]:
    """Trains, shows the progress on stderr, and leaves the weights of the best epoch in the model.

    Returns:
        What Keras calls the history: name of a figure -> its value after each epoch.
    """
    callbacks = [] if quiet else [_progress(epochs, len(batches))]
    if held_out is not None:
        waveforms = [_read(model, row) for row in held_out.to_dict("records")]
        monitor = EmbeddingMonitor(waveforms, held_out["label"])
        best = keras.callbacks.EarlyStopping(_ERROR_RATE, mode="min", patience=epochs, restore_best_weights=True)
        callbacks = [monitor, best, *callbacks]
    model.compile(optimizer=keras.optimizers.Adam(learning_rate))
    return model.fit(batches, epochs=epochs, callbacks=callbacks, verbose=0).history


def _with_objective(model: AudioEncoder, objective: GE2E) -> AudioEncoder:
    return AudioEncoder(model.encoder, objective, model.reader, model.windows, model.minimum_speech_seconds)


def _with_objective(model: AudioEncoder, objective: GE2E) -> AudioEncoder:
    return AudioEncoder(model.encoder, objective, model.reader, model.windows, model.minimum_speech_seconds)


def _read(model: AudioEncoder, row: dict) -> np.ndarray:
    return model.read(row["path"], row.get("start"), row.get("end"), row.get("channel"))


def _problem(model: AudioEncoder, row: dict) -> str | None:
    try:
        seconds = len(_read(model, row)) / model.reader.sample_rate
    except (ValueError, OSError) as error:
        return str(error)
    if seconds < model.minimum_speech_seconds:
        return (
            f"{seconds:.2f} s of speech in '{row['path']}', at least {model.minimum_speech_seconds:.2f} s are needed."
        )
    return None


def _progress(epochs: int, num_batches: int) -> keras.callbacks.Callback:
    bar = tqdm(total=epochs * num_batches, desc="training", unit="batch", disable=None, leave=False)

    def tell(epoch: int, logs: dict) -> None:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in logs.items())
        note(f"epoch {epoch + 1} of {epochs}: {figures}")

    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: bar.update(),
        on_epoch_end=tell,
        on_train_end=lambda logs: bar.close(),
    )
