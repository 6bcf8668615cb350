"""What `comparators pretrain` and `finetune` share: batches of clips, what can be read of them, and the training."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np

from comparators.command_line.fitting import training_progress
from comparators.command_line.match_sources import read_matches
from comparators.command_line.match_table import MatchTable
from comparators.command_line.report import note
from comparators.command_line.splitting import split_matches
from comparators.command_line.training_backup import TrainingBackup
from comparators.generators.clip_batches import ClipBatches
from comparators.generators.clip_reader import ClipReader
from comparators.generators.label_table import split_labels


class ClipSources(NamedTuple):
    """Which clips are trained on, and which are measured on.

    Attributes:
        manifest: of the clips.
        validation: of those to measure on; None keeps a share of the others.
        validation_fraction: that share.
        label_column: column with the one label of each clip; None takes `label`, where there is one.
        split: value of the column `split` of the clips to take.
    """

    manifest: str
    validation: str | None
    validation_fraction: float
    label_column: str | None
    split: str | None

    def read(self, roles: Collection[str], seed: int, without: str) -> tuple[MatchTable, MatchTable | None]:
        """Reads the clips to train on, and those to measure on; see `split_matches`.

        Args:
            roles: which of `audio` and `image` are needed.
            seed: draws which are kept out.
            without: what is said where none are.
        """
        media = {role: role for role in roles}
        table = read_matches([self.manifest], media, self.label_column, self.split)
        if self.validation is not None:
            return table, read_matches([self.validation], media, self.label_column)
        return split_matches(table, self.validation_fraction, seed, without)


class TrainedClips(NamedTuple):
    """What a training gives.

    Attributes:
        model: not compiled; where it is measured on pairs, with its threshold.
        history: name of a figure -> its value after each epoch.
        figures: of the validation clips; None where there are none.
        size: number of clips that it was trained on.
        failures: row -> what was wrong with its files.
    """

    model: keras.Model
    history: dict[str, list[float]]
    figures: dict | None
    size: int
    failures: dict[int, str]


@contextmanager
def precision(mixed: bool) -> Iterator[None]:
    """Makes what is made within compute in bfloat16, if `mixed`; weights stay in float32."""
    before = keras.config.dtype_policy()
    if mixed:
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(model: keras.Model) -> keras.Model:
    """Returns a copy, not compiled, that computes in float32."""
    copy = type(model).from_config(_with_float32(model.get_config()))
    copy.set_weights(model.get_weights())
    return copy


def _with_float32(config):
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {"name": "float32"}}
        return {name: _with_float32(value) for name, value in config.items()}
    return [_with_float32(value) for value in config] if isinstance(config, list | tuple) else config


def optimizer_steps(accumulate: int) -> int | None:
    """Returns what Keras's optimizers take for `gradient_accumulation_steps`, which refuse a 1."""
    return accumulate if accumulate > 1 else None


def clip_labels(table: MatchTable, source: str, label_column: str | None) -> list[list[str]]:
    """Returns the labels of each clip: those that `labels` joins by commas, or the one of another column, whole."""
    rows = []
    if label_column in (None, "labels") and "labels" in table.table:
        rows = [split_labels(text) for text in table.table["labels"]]
    if not any(rows) and "label" in table.table:
        rows = [[label.strip()] for label in table.table["label"]]
    if not any(rows):
        raise ValueError(
            "Clips need labels, a column `labels` or `label` (or --label-column). Received: clips of "
            f"'{source}' without. Extract videos from a CSV file with `labels`, or add the column."
        )
    return rows


def readable_clips(reader: ClipReader, table: MatchTable) -> tuple[MatchTable, dict[str, str]]:
    """Reads clips that are to be measured on, and leaves out those that cannot be read, each with a note.

    Returns:
        The others, and file of a clip -> what is wrong with it.

    Raises:
        ValueError: if none can be read.
    """
    items, readable, failures = reader.items(table.table, table.roles), np.ones(len(table), bool), {}
    first = next(iter(table.roles))
    for row in range(len(table)):
        try:
            for part in items.values():
                part.check(row)
        except (ValueError, OSError) as error:
            readable[row], failures[table.table[first].iloc[row]] = False, str(error)
            note(f"left out: {error}")
    if not readable.any():
        raise ValueError("No clip to measure on can be read, for the reasons above. Name others.")
    return (table if readable.all() else table.select(readable)), failures


def fit_clips(
    model: keras.Model,
    batches: ClipBatches,
    held_out: ClipBatches | None,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback],
    backup: TrainingBackup,
    quiet: bool,
) -> dict[str, list[float]]:
    """Trains a compiled model, or goes on with it, and shows the progress on stderr.

    Returns:
        What Keras calls the history, of all epochs, those before a stop too.

    Raises:
        ValueError: too many clips cannot be loaded; they are listed.
    """
    shown = [] if quiet else [training_progress(epochs, len(batches))]
    callbacks, resume = backup.callbacks(callbacks, batches)
    try:
        model.fit(batches, validation_data=held_out, epochs=epochs, callbacks=[*callbacks, *shown], verbose=0)
    except Exception:
        batches.stop_if_too_many()  # TensorFlow hands an error of the data on as one of its own, of many lines
        raise
    return resume.history
