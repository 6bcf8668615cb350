"""The steps of `comparators train --roles`: a model of two roles, matches kept out, batches, the best epoch."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from comparators.command_line.inputs import load_two_roles, source_names
from comparators.command_line.match_evaluation import recall, score_matches
from comparators.command_line.match_items import media_of_roles, unreadable
from comparators.command_line.match_table import WORDS, MatchTable, read_matches
from comparators.command_line.report import note
from comparators.command_line.training import training_progress
from comparators.generators.array_items import ArrayItems
from comparators.generators.audio_items import AudioItems
from comparators.generators.image_items import ImageItems
from comparators.generators.matches import Matches
from comparators.generators.word_vectors import WordVectors
from comparators.models.davenet import DaveNet
from comparators.models.dual_encoder import DualEncoder
from comparators.models.word_audio import WordAudio

_MEDIA = {"image": "image", "audio": "audio", "word": WORDS}  # in the order of the networks' roles
# Files of word vectors begin with the common words: so many can be asked for, beside those that were trained on.
_MOST_WORDS = 20_000
_LEAST_CLIP_SECONDS = 1.0
_RECALL = "val_recall_at_1"


class NewMatchModel(NamedTuple):
    """What a new network of two roles is to be like.

    Attributes:
        roles: two of `image`, `audio` and `word`.
        words: file of word vectors, for the role `word`.
        clip_seconds: of a sound; None takes the network's own.
        embedding_dim: values in an embedding.
        image_size: height and width of the images.
        grey: images of one channel.
    """

    roles: Sequence[str]
    words: Path | None
    clip_seconds: float | None
    embedding_dim: int
    image_size: int
    grey: bool

    def media(self) -> dict[str, str]:
        """Returns what each role is of.

        Raises:
            ValueError: if there is no network for these roles, or word vectors are missing or of no use.
        """
        unknown = [role for role in self.roles if role not in _MEDIA]
        if unknown or set(self.roles) not in ({"image", "audio"}, {"audio", "word"}):
            raise ValueError(
                f"`--roles` must be image,audio or audio,word. Received: {','.join(self.roles)}. For other roles build "
                "a `DualEncoder` in Python."
            )
        if ("word" in self.roles) != (self.words is not None):
            raise ValueError(
                "The role `word`, and no other, needs word vectors: `--words glove.txt`, or an .npz file. Received: "
                f"--roles {','.join(self.roles)} --words {self.words}."
            )
        if "word" in self.roles and self.clip_seconds is not None and self.clip_seconds < _LEAST_CLIP_SECONDS:
            raise ValueError(
                f"`--window-seconds` must be at least {_LEAST_CLIP_SECONDS:g} for sounds and words, of which the "
                f"network takes 63 frames or more. Received: {self.clip_seconds:g}."
            )
        return {role: media for role, media in _MEDIA.items() if role in self.roles}

    def make(self, words: Sequence[str], seed: int) -> DualEncoder:
        """Makes the network, which keeps the vectors of `words` and of the first ones of the file."""
        clip = {} if self.clip_seconds is None else {"clip_seconds": self.clip_seconds}
        common = {"embedding_dim": self.embedding_dim, "seed": seed, **clip}
        if self.words is None:
            size = (self.image_size, self.image_size)
            return DaveNet.small(size=size, mode="grey" if self.grey else "rgb", **common)
        vectors = WordVectors.read(self.words)
        return WordAudio.default(vectors.subset([*vectors.words[:_MOST_WORDS], *words]), **common)


class MatchFit(NamedTuple):
    """How a network of two roles is trained, see the options of `comparators train`."""

    epochs: int
    batch_size: int
    learning_rate: float
    validation_fraction: float
    target_far: float | None
    seed: int


class TrainedMatches(NamedTuple):
    """What `train_matches` returns.

    Attributes:
        model: with its threshold, not compiled.
        history: name of a figure -> its value after each epoch.
        size: what it was trained on, in words.
        num_left_out: matches with a file that cannot be read.
    """

    model: DualEncoder
    history: dict[str, list[float]]
    size: str
    num_left_out: int


def train_matches(
    sources: Sequence[str],
    label_column: str | None,
    split: str | None,
    new: NewMatchModel,
    model_name: str | None,
    how: MatchFit,
    quiet: bool,
) -> TrainedMatches:
    """Trains a new network, or goes on with that of a model; fits its threshold on the matches kept out."""
    keras.utils.set_random_seed(how.seed)
    if model_name is None:
        table = read_matches(sources, new.media(), label_column, split)
        model = new.make(table.items["word"]["word"].tolist() if "word" in table.items else [], how.seed)
    else:
        model = load_two_roles(model_name)
        if set(new.roles) != set(model.roles):
            raise ValueError(
                f"'{model_name}' is a model of the roles {', '.join(model.roles)}. Received: --roles "
                f"{','.join(new.roles)}. Name its roles."
            )
        if new.words is not None:
            raise ValueError(f"'{model_name}' keeps its own word vectors. Received: --words {new.words}. Leave it out.")
        table = read_matches(sources, media_of_roles(model), label_column, split)
        model = model.with_objective(model.objective)
        model.threshold = model.calibration = None  # they were those of the weights before
    usable = _usable(model, table, quiet)
    trained_on, held_out = split_matches(usable, how.validation_fraction, how.seed)
    batches = make_batches(model, trained_on, how.batch_size, how.seed)
    history = _fit(model, batches, held_out, how.epochs, how.learning_rate, quiet)
    model = model.with_objective(model.objective)  # without the optimiser's state, two thirds of the file
    if held_out is not None:
        scored = score_matches(model, held_out, quiet=True)
        origin = f"{len(held_out):,} validation matches of {source_names(sources)}"
        model.fit_threshold(scored.scores, scored.same, target_far=how.target_far, origin=origin)
    size = f"{len(trained_on):,} matches of {' and '.join(model.roles)}"
    return TrainedMatches(model, history, size, len(table) - len(usable))


def split_matches(
    table: MatchTable,
    fraction: float,
    seed: int,
    without: str = "the last epoch is kept and no threshold is fitted",
) -> tuple[MatchTable, MatchTable | None]:
    """Keeps a share of the matches out of training, at least ten or a fifth of them; no file is on both sides.

    None are kept out where the share is 0, or either side would have no impostors; `without` is said then.
    """
    pieces = table.pieces()
    names = np.random.default_rng(seed).permutation(np.unique(pieces))
    count = max(round(fraction * len(names)), min(10, len(names) // 5))
    held_out = np.isin(pieces, names[:count])
    groups = table.groups()
    if fraction == 0 or min(len(set(groups[held_out])), len(set(groups[~held_out]))) < 2:
        note(f"warning: no validation matches, so {without}")
        return table, None
    return table.select(~held_out), table.select(held_out)


def make_batches(model: DualEncoder, table: MatchTable, batch_size: int, seed: int) -> Matches:
    """Makes batches of matches: as they stand in the table; where there are labels, drawn anew among those of a label.

    Raises:
        ValueError: if all belong together, so that there are no impostors.
    """
    groups = table.groups()
    if len(set(groups)) < 2:
        raise ValueError(
            f"Training needs matches that do not belong together. Received: {len(table):,}, all of one label or file. "
            "Add others."
        )
    first, second = model.role_names
    if table.is_labelled:
        items = {role: _items(model, role, table) for role in (first, second)}
        labels = {role: table.groups_of(role) for role in (first, second)}
        # The batches go through the first role's items; words, fewer than their sounds, would be through in no time.
        if len(items[second]) > len(items[first]):
            items, labels = (dict(reversed(parts.items())) for parts in (items, labels))
    else:
        items = {role: _items(model, role, table, table.rows[role]) for role in (first, second)}
        labels = {first: groups}
    return Matches(items, min(batch_size, len(next(iter(items.values())))), labels, seed=seed)


def _items(model: DualEncoder, role: str, table: MatchTable, rows: np.ndarray | slice = slice(None)):
    encoder, items = model.encoder_of(role), table.items[role].iloc[rows]
    if encoder.media == WORDS:
        return ArrayItems(encoder.vectors.matrix(items["word"].tolist()))
    if encoder.media == "image":
        return ImageItems(items, encoder.reader)
    return AudioItems(items, encoder.clip_seconds, encoder.reader)


def _usable(model: DualEncoder, table: MatchTable, quiet: bool) -> MatchTable:
    bad = np.zeros(len(table), bool)
    for role in model.role_names:
        bad |= unreadable(model, role, table.items[role], quiet)[table.rows[role]]
    if bad.all():
        raise ValueError("No match is left to train on, for the reasons above. Name other files.")
    if bad.any():
        note(f"left out {bad.sum():,} of {len(bad):,} matches")
    return table.select(~bad)


def _fit(
    model: DualEncoder, batches: Matches, held_out: MatchTable | None, epochs: int, learning_rate: float, quiet: bool
) -> dict[str, list[float]]:
    def measure(epoch: int, logs: dict) -> None:
        logs[_RECALL] = recall(score_matches(model, held_out, quiet=True))

    callbacks = [] if quiet else [training_progress(epochs, len(batches))]
    if held_out is not None:
        best = keras.callbacks.EarlyStopping(_RECALL, mode="max", patience=epochs, restore_best_weights=True)
        callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=measure), best, *callbacks]
    model.compile(optimizer=keras.optimizers.Adam(learning_rate))
    return model.fit(batches, epochs=epochs, callbacks=callbacks, verbose=0).history
