"""The steps of `comparators train`: a model, files that can be read, labels kept out, batches, the best epoch."""

import math
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from comparators.callbacks.embedding_monitor import EmbeddingMonitor
from comparators.command_line.fitting import Fit, Trained, fit_best
from comparators.command_line.inputs import (
    Sources,
    item_name,
    load_model,
    read_sources,
    require_pairs,
    source_names,
)
from comparators.command_line.match_items import read_item
from comparators.command_line.report import counted, note
from comparators.command_line.splitting import split_labels
from comparators.custom_layers.ge2e import GE2E
from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.similarity_head import SimilarityHead
from comparators.generators.audio_groups import AudioGroups
from comparators.generators.image_groups import ImageGroups
from comparators.generators.ordered_batches import OrderedBatches
from comparators.models.audio_encoder import AudioEncoder
from comparators.models.audio_siamese import AudioSiamese
from comparators.models.comparator import Comparator
from comparators.models.image_encoder import ImageEncoder
from comparators.models.image_siamese import ImageSiamese
from comparators.models.siamese import Siamese

_ERROR_RATE = "val_eer"
_WINDOW_SECONDS = 1.6


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


def train_files(sources: Sources, new: NewModel, model_name: str | None, how: Fit, quiet: bool) -> Trained:
    """Trains a network on labelled recordings or images; fits its threshold on the labels kept out.

    Args:
        sources: of the files.
        new: the network, where there is none to go on from.
        model_name: a model to go on from.
        how: the training.
        quiet: no progress.
    """
    manifest = read_sources(*sources)
    require_pairs(manifest, "Training")
    keras.utils.set_random_seed(how.seed)
    if model_name is None:
        model = new.make("image" if item_name(manifest) == "image" else "audio")
    else:
        model = renewed(load_model(model_name, manifest["path"]))
    usable = usable_items(model, manifest, quiet)
    require_pairs(usable, "Training")
    trained_on, held_out = split_labels(usable, how.validation_fraction, how.seed)
    monitor = None
    if held_out is not None:
        items = [read_item(model, row) for row in held_out.to_dict("records")]
        monitor = EmbeddingMonitor(items, held_out["label"].to_numpy())
    model, history = fit_best(model, make_batches(model, trained_on, how), monitor, _ERROR_RATE, how, quiet)
    if held_out is not None:
        origin = f"{held_out['label'].nunique()} validation labels of {source_names(sources.names)}"
        model.fit_threshold(model.embed(held_out), held_out["label"], target_far=how.target_far, origin=origin)
    size = f"{counted(len(trained_on), model.item_name)} of {counted(trained_on['label'].nunique(), 'label')}"
    return Trained(model, history, size, len(manifest) - len(usable))


def renewed(model: Comparator) -> Comparator:
    """Returns a copy of a network with a new objective for groups: its old one may know other labels."""
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


def make_batches(model: Comparator, table: pd.DataFrame, how: Fit) -> OrderedBatches:
    """Makes batches, so many that an epoch shows about as many items as there are files."""
    common = {**groups_per_batch(table, how), "reader": model.reader, "within_corpus": "corpus" in table}
    if model.media == "image":
        return ImageGroups(table, **common)
    return AudioGroups(table, window_seconds=how.window_seconds or _WINDOW_SECONDS, **common)


def groups_per_batch(table: pd.DataFrame, how: Fit) -> dict:
    """Returns what groups take: P labels, K items, and so many batches that an epoch shows each item about once."""
    num_labels = table["label"].nunique()
    in_a_corpus = table.groupby("corpus")["label"].nunique().min() if "corpus" in table else num_labels
    return {
        "labels_per_batch": how.labels_per_batch or min(32, int(in_a_corpus)),
        "items_per_label": how.items_per_label,
        "seed": how.seed,
        "passes_per_epoch": math.ceil(len(table) / (num_labels * how.items_per_label)),
    }


def _problem(model: Comparator, row: dict) -> str | None:
    try:
        item = read_item(model, row)
    except (ValueError, OSError) as error:
        return str(error)
    if model.media != "audio":
        return None
    seconds = len(item) / model.reader.sample_rate
    if seconds < model.minimum_speech_seconds:
        return (
            f"{seconds:.2f} s of speech in '{row['path']}', at least {model.minimum_speech_seconds:.2f} s are needed."
        )
    return None
