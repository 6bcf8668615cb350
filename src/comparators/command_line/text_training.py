"""The steps of `comparators train --media text`: labelled texts, graded pairs, or pairs that are the same or not."""

import keras

from comparators.callbacks.embedding_monitor import EmbeddingMonitor
from comparators.callbacks.graded_similarity import GradedSimilarity
from comparators.command_line.fitting import Fit, Trained, fit_best
from comparators.command_line.inputs import Sources, is_text_model, load_any_model, require_pairs, source_names
from comparators.command_line.item_kinds import TEXTS
from comparators.command_line.match_items import note_long_texts
from comparators.command_line.match_sources import read_items, read_matches
from comparators.command_line.match_training import fit_matches
from comparators.command_line.new_text_model import NewTextModel
from comparators.command_line.report import counted
from comparators.command_line.splitting import split_labels, split_pairs
from comparators.command_line.text_evaluation import fit_pair_threshold
from comparators.command_line.text_pairs import (
    TEXT_COLUMNS,
    TOGETHER,
    TextPairs,
    known_pairs,
    read_pairs,
    require_contrast,
    score_pairs,
    shared_roles,
)
from comparators.command_line.training import groups_per_batch, renewed, usable_items
from comparators.generators.group_sampler import GroupSampler
from comparators.generators.groups import Groups
from comparators.generators.pair_table import PairTable
from comparators.losses.co_sent_loss import CoSENTLoss
from comparators.losses.pair_contrastive_loss import PairContrastiveLoss
from comparators.metrics.verification import equal_error_rate
from comparators.models.comparator import Comparator
from comparators.models.siamese import Siamese

_ERROR_RATE, _CORRELATION = "val_eer", "val_spearman"


def train_texts(
    sources: Sources, kind: str | None, new: NewTextModel, model_name: str | None, how: Fit, quiet: bool
) -> Trained:
    """Trains a network on labelled texts, or on pairs; fits its threshold on what is kept out, but on graded pairs.

    Args:
        sources: of the texts.
        kind: of the pairs in them, see `pair_kind`; None for labelled texts.
        new: the network, where there is none to go on from.
        model_name: a model to go on from.
        how: the training.
        quiet: no progress.
    """
    keras.utils.set_random_seed(how.seed)
    if kind is None:
        return _train_labelled(sources, new, model_name, how, quiet)
    if kind == TOGETHER:
        return _train_together(sources, new, model_name, how, quiet)
    pairs = read_pairs(sources, kind)
    require_contrast(pairs, "Training")
    model = _new_or_loaded(new, model_name, pairs.texts)
    if pairs.graded and isinstance(model, Siamese):
        raise ValueError(
            "A siamese network learns what is the same, not grades. Received: pairs with a column `score`. Take an "
            "encoder, or give the column `same`, 1 or 0."
        )
    usable, failures = known_pairs(model, pairs)
    trained_on, held_out = split_pairs(usable, how.validation_fraction, how.seed)
    batch_size = min(how.batch_size, len(trained_on))
    batches = PairTable(model.items(trained_on.texts), trained_on.table, batch_size, seed=how.seed)
    loss, figure = _loss(model, pairs.graded), _CORRELATION if pairs.graded else _ERROR_RATE
    trained, history = fit_best(model, batches, _monitor(model, held_out), figure, how, quiet, loss)
    if held_out is not None and not held_out.graded:
        origin = f"{len(held_out):,} validation pairs of {source_names(sources.names)}"
        fit_pair_threshold(trained, score_pairs(trained, held_out), held_out.same, how.target_far, origin)
    return Trained(trained, history, counted(len(trained_on), "pair") + " of texts", len(failures))


def _train_labelled(sources: Sources, new: NewTextModel, model_name: str | None, how: Fit, quiet: bool) -> Trained:
    table = read_items(sources.names, TEXTS, TEXTS, sources.label_column, sources.split)
    require_pairs(table, "Training")
    model = renewed(_new_or_loaded(new, model_name, table["text"].tolist()))
    usable = usable_items(model, table, quiet)
    require_pairs(usable, "Training")
    note_long_texts(model, usable["text"].tolist())
    trained_on, held_out = split_labels(usable, how.validation_fraction, how.seed)
    monitor = None
    if held_out is not None:
        monitor = EmbeddingMonitor(held_out["text"].tolist(), held_out["label"].to_numpy())
    sampler = GroupSampler(trained_on["label"].to_numpy(), **groups_per_batch(trained_on, how))
    batches = Groups(model.items(trained_on["text"].tolist()), sampler)
    model, history = fit_best(model, batches, monitor, _ERROR_RATE, how, quiet)
    if held_out is not None:
        vectors = model.embed(held_out["text"].tolist())
        origin = f"{held_out['label'].nunique()} validation labels of {source_names(sources.names)}"
        model.fit_threshold(vectors, held_out["label"], target_far=how.target_far, origin=origin)
    size = f"{counted(len(trained_on), 'text')} of {counted(trained_on['label'].nunique(), 'label')}"
    return Trained(model, history, size, len(table) - len(usable))


def _train_together(sources: Sources, new: NewTextModel, model_name: str | None, how: Fit, quiet: bool) -> Trained:
    """Trains on pairs that all belong together: matches of two roles that share an encoder."""
    table = read_matches(sources.names, dict.fromkeys(TEXT_COLUMNS, TEXTS), sources.label_column, sources.split)
    texts = [text for role in TEXT_COLUMNS for text in table.items[role]["text"]]
    encoder = _new_or_loaded(new, model_name, list(dict.fromkeys(texts)))
    model = shared_roles(encoder)
    trained = fit_matches(model, table, source_names(sources.names), how, quiet)
    encoder = trained.model.encoder_of(TEXT_COLUMNS[0])
    encoder.threshold, encoder.calibration = trained.model.threshold, trained.model.calibration
    return trained._replace(model=encoder)


def _new_or_loaded(new: NewTextModel, model_name: str | None, texts: list[str]) -> Comparator:
    if model_name is None:
        return new.make(texts)
    model = load_any_model(model_name)
    if not is_text_model(model):
        raise ValueError(
            f"'{model_name}' is not a model of texts, but a {type(model).__name__}. Name one, or leave --model out."
        )
    model = model.with_objective(None)
    model.threshold = model.calibration = None  # they were those of the weights before
    return model


def _loss(model: Comparator, graded: bool) -> keras.losses.Loss:
    if isinstance(model, Siamese):
        return keras.losses.BinaryCrossentropy()
    return CoSENTLoss() if graded else PairContrastiveLoss()


def _monitor(model: Comparator, held_out: TextPairs | None) -> keras.callbacks.Callback | None:
    if held_out is None:
        return None
    if held_out.graded:
        return GradedSimilarity(held_out.texts, held_out.table)

    def measure(epoch: int, logs: dict) -> None:
        logs[_ERROR_RATE] = equal_error_rate(score_pairs(model, held_out), held_out.same)

    return keras.callbacks.LambdaCallback(on_epoch_end=measure)
