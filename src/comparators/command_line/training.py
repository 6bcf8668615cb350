"""The steps of `comparators train`: a model, files that can be read, labels kept out, batches, the best epoch."""

import math
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from comparators.callbacks.embedding_monitor import EmbeddingMonitor
from comparators.command_line.inputs import item_name, load_model
from comparators.command_line.report import counted, note
from comparators.custom_layers.ge2e import GE2E
from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.similarity_head import SimilarityHead
from comparators.generators.audio_groups import AudioGroups
from comparators.generators.image_groups import ImageGroups
from comparators.generators.ordered_batches import OrderedBatches
from comparators.generators.splits import split_by_label
from comparators.models.audio_encoder import AudioEncoder
from comparators.models.audio_siamese import AudioSiamese
from comparators.models.comparator import Comparator
from comparators.models.image_encoder import ImageEncoder
from comparators.models.image_siamese import ImageSiamese
from comparators.models.siamese import Siamese

_ERROR_RATE = "val_eer"


class NewModel(NamedTuple):
    """What a new network is to be like.

    Attributes:
        siamese: a siamese network in place of an encoder.
        channels: width of a network of recordings.
        embedding_dim: values in an embedding.
        image_size: height and width of the images.
        grey: images of one channel.
    """

    siamese: bool
    channels: int
    embedding_dim: int
    image_size: int
    grey: bool

    def make(self, media: str) -> Comparator:
        """Makes the network for `"audio"` or `"image"`."""
        if media == "image":
            family = ImageSiamese if self.siamese else ImageEncoder
            size, mode = (self.image_size, self.image_size), "grey" if self.grey else "rgb"
            return family.default(size=size, mode=mode, embedding_dim=self.embedding_dim)
        family = AudioSiamese if self.siamese else AudioEncoder
        return family.default(embedding_dim=self.embedding_dim, channels=self.channels)


def new_or_loaded(name_or_path: str | None, new: NewModel, table: pd.DataFrame, seed: int) -> Comparator:
    """Makes a new network, or takes that of a model, with a new objective (its old one may know other labels)."""
    keras.utils.set_random_seed(seed)
    if name_or_path is None:
        return new.make("image" if item_name(table) == "image" else "audio")
    model = load_model(name_or_path, table["path"])
    if isinstance(model, Siamese):
        model = model.with_objective(InBatchPairs(SimilarityHead.from_config(model.head.get_config())))
    else:
        model = model.with_objective(GE2E())
    model.threshold = model.calibration = None  # they were those of the weights before
    return model


def usable_items(model: Comparator, table: pd.DataFrame, quiet: bool) -> pd.DataFrame:
    """Reads every file once, and leaves out those that cannot be read or hold too little speech, each with a note.

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
        note(f"left out {len(usable) - sum(usable):,} of {counted(len(usable), model.item_name)}")
    return table[np.array(usable, bool)].reset_index(drop=True)


def split_labels(table: pd.DataFrame, fraction: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Keeps a share of the labels, at least two, out of training; none where it is 0 or labels are too few."""
    num_labels = table["label"].nunique()
    if fraction == 0 or num_labels < 4:
        note("warning: no validation labels, so the last epoch is kept and no threshold is fitted")
        return table, None
    return split_by_label(table, max(fraction, 2 / num_labels), seed=seed)


def make_batches(
    model: Comparator,
    table: pd.DataFrame,
    labels_per_batch: int | None,
    items_per_label: int,
    window_seconds: float,
    seed: int,
) -> OrderedBatches:
    """Makes batches, so many that an epoch shows about as many items as there are files."""
    num_labels = table["label"].nunique()
    in_a_corpus = table.groupby("corpus")["label"].nunique().min() if "corpus" in table else num_labels
    common = {
        "labels_per_batch": labels_per_batch or min(32, int(in_a_corpus)),
        "items_per_label": items_per_label,
        "reader": model.reader,
        "seed": seed,
        "within_corpus": "corpus" in table,
        "passes_per_epoch": math.ceil(len(table) / (num_labels * items_per_label)),
    }
    if model.media == "image":
        return ImageGroups(table, **common)
    return AudioGroups(table, window_seconds=window_seconds, **common)


def fit(
    model: Comparator,
    batches: OrderedBatches,
    held_out: pd.DataFrame | None,
    epochs: int,
    learning_rate: float,
    quiet: bool,
) -> dict[str, list[float]]:
    """Trains, shows the progress on stderr, and leaves the weights of the best epoch in the model.

    Returns:
        What Keras calls the history: name of a figure -> its value after each epoch.
    """
    callbacks = [] if quiet else [training_progress(epochs, len(batches))]
    if held_out is not None:
        items = [_read(model, row) for row in held_out.to_dict("records")]
        monitor = EmbeddingMonitor(items, held_out["label"].to_numpy())
        best = keras.callbacks.EarlyStopping(_ERROR_RATE, mode="min", patience=epochs, restore_best_weights=True)
        callbacks = [monitor, best, *callbacks]
    model.compile(optimizer=keras.optimizers.Adam(learning_rate))
    return model.fit(batches, epochs=epochs, callbacks=callbacks, verbose=0).history


def _read(model: Comparator, row: dict) -> np.ndarray:
    if model.media == "image":
        return model.read(row["path"])
    return model.read(row["path"], row.get("start"), row.get("end"), row.get("channel"))


def _problem(model: Comparator, row: dict) -> str | None:
    try:
        item = _read(model, row)
    except (ValueError, OSError) as error:
        return str(error)
    if model.media == "image":
        return None
    seconds = len(item) / model.reader.sample_rate
    if seconds < model.minimum_speech_seconds:
        return (
            f"{seconds:.2f} s of speech in '{row['path']}', at least {model.minimum_speech_seconds:.2f} s are needed."
        )
    return None


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
