"""The steps of `comparators train --roles`: a model of two roles, matches kept out, batches, the best epoch."""

import keras
import numpy as np

from comparators.command_line.fitting import Fit, Trained, fit_best
from comparators.command_line.inputs import Sources, load_two_roles, source_names
from comparators.command_line.item_kinds import TEXTS, WORDS
from comparators.command_line.match_evaluation import recall, score_matches
from comparators.command_line.match_items import media_of_roles, unreadable
from comparators.command_line.match_sources import read_matches
from comparators.command_line.match_table import MatchTable
from comparators.command_line.new_match_model import NewMatchModel
from comparators.command_line.report import note
from comparators.command_line.splitting import split_matches
from comparators.generators.array_items import ArrayItems
from comparators.generators.audio_items import AudioItems
from comparators.generators.image_items import ImageItems
from comparators.generators.item_batches import Items
from comparators.generators.matches import Matches
from comparators.models.dual_encoder import DualEncoder

_RECALL = "val_recall_at_1"


def train_matches(sources: Sources, new: NewMatchModel, model_name: str | None, how: Fit, quiet: bool) -> Trained:
    """Trains a new network, or goes on with that of a model; fits its threshold on the matches kept out."""
    keras.utils.set_random_seed(how.seed)
    if model_name is None:
        table = read_matches(sources.names, new.media(), sources.label_column, sources.split)
        model = new.make(table, how.seed)
    else:
        model = _loaded(model_name, new)
        table = read_matches(sources.names, media_of_roles(model), sources.label_column, sources.split)
    return fit_matches(model, table, source_names(sources.names), how, quiet)


def fit_matches(model: DualEncoder, table: MatchTable, name: str, how: Fit, quiet: bool) -> Trained:
    """Trains a network of two roles on a table of matches, which came from sources of this name."""
    usable = _usable(model, table, quiet)
    trained_on, held_out = split_matches(usable, how.validation_fraction, how.seed)
    batches = make_batches(model, trained_on, how.batch_size, how.seed)

    def measure(epoch: int, logs: dict) -> None:
        logs[_RECALL] = recall(score_matches(model, held_out, quiet=True))

    monitor = None if held_out is None else keras.callbacks.LambdaCallback(on_epoch_end=measure)
    trained, history = fit_best(model, batches, monitor, _RECALL, how, quiet)
    if held_out is not None:
        scored = score_matches(trained, held_out, quiet=True)
        origin = f"{len(held_out):,} validation matches of {name}"
        trained.fit_threshold(scored.scores, scored.same, target_far=how.target_far, origin=origin)
    size = f"{len(trained_on):,} matches of {' and '.join(model.roles)}"
    return Trained(trained, history, size, len(table) - len(usable))


def make_batches(model: DualEncoder, table: MatchTable, batch_size: int, seed: int) -> Matches:
    """Makes batches of matches: as they stand in the table; where there are labels, drawn anew among those of a label.

    Raises:
        ValueError: if all belong together, so that there are no impostors.
    """
    groups = table.groups()
    if len(set(groups)) < 2:
        raise ValueError(
            f"Training needs matches that do not belong together. Received: {len(table):,}, all of one label or item. "
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


def _loaded(model_name: str, new: NewMatchModel) -> DualEncoder:
    model = load_two_roles(model_name)
    if set(new.roles) != set(model.roles):
        raise ValueError(
            f"'{model_name}' is a model of the roles {', '.join(model.roles)}. Received: --roles "
            f"{','.join(new.roles)}. Name its roles."
        )
    for option, what in (("words", "word vectors"), ("tokenizer", "tokenizer")):
        if getattr(new, option) is not None:
            raise ValueError(
                f"'{model_name}' keeps its own {what}. Received: --{option} {getattr(new, option)}. Leave it out."
            )
    model = model.with_objective(model.objective)
    model.threshold = model.calibration = None  # they were those of the weights before
    return model


def _items(model: DualEncoder, role: str, table: MatchTable, rows: np.ndarray | slice = slice(None)) -> Items:
    encoder, items = model.encoder_of(role), table.items[role].iloc[rows]
    if encoder.media == WORDS:
        return ArrayItems(encoder.vectors.matrix(items["word"].tolist()))
    if encoder.media == TEXTS:
        return encoder.items(items["text"].tolist())
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
