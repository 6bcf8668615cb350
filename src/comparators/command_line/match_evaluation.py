"""The figures of `comparators evaluate` for a model of two roles: each item asks for its matches in the other role."""

from typing import NamedTuple

import numpy as np

from comparators import metrics
from comparators.command_line.evaluated import Evaluated, Evaluation, percent, threshold_rates
from comparators.command_line.inputs import source_names
from comparators.command_line.item_kinds import WORDS
from comparators.command_line.match_items import encode_items, media_of_roles, take
from comparators.command_line.match_sources import read_matches
from comparators.command_line.match_table import MatchTable
from comparators.command_line.report import text_table
from comparators.models.dual_encoder import DualEncoder
from comparators.recognition.threshold import Threshold


class ScoredMatches(NamedTuple):
    """What `score_matches` returns.

    Attributes:
        table: the matches whose files could all be read.
        scores: of the first role's items with the second's `(n, m)`.
        same: which of these belong together `(n, m)`.
        failures: path, word or text -> what was wrong with it.
    """

    table: MatchTable
    scores: np.ndarray
    same: np.ndarray
    failures: dict[str, str]


def evaluate_matches(model: DualEncoder, how: Evaluation) -> Evaluated:
    """Measures a model of two roles on matches."""
    names, label_column, split, _ = how.sources
    table = read_matches(names, media_of_roles(model), label_column, split, clip_labels=True)
    return evaluate_match_table(model, table, how)


def evaluate_match_table(model: DualEncoder, table: MatchTable, how: Evaluation) -> Evaluated:
    """Measures a model of two roles on a table of matches."""
    scored = score_matches(model, table, how.quiet)
    figures, fitted = measure_matches(scored, model.threshold), None
    if how.fits_threshold:
        origin = f"{source_names(how.sources.names)}, {figures['matches']} matches"
        fitted = model.fit_threshold(scored.scores, scored.same, target_far=how.target_far, origin=origin)
    return Evaluated(model, figures, fitted, scored.failures, matches_as_text(figures, fitted))


def score_matches(model: DualEncoder, table: MatchTable, quiet: bool) -> ScoredMatches:
    """Scores all items of one role with all of the other; matches with an item that cannot be read are left out."""
    done = {role: encode_items(model, role, table.items[role], quiet) for role in model.role_names}
    whole = np.all([done[role].readable[table.rows[role]] for role in done], axis=0)
    if not whole.any():
        raise ValueError("No match is left to measure, for the reasons above. Name other files.")
    kept, encoded = table.select(whole), []
    for role, part in done.items():
        # Items keep their encodings; one whose partners are all gone is gone too.
        left = table.rows[role][whole][kept.first_rows(role)]
        encoded.append(take([part.encoded], (np.cumsum(part.readable) - 1)[left]))
    first, second = _groups(kept)
    failures = {name: reason for part in done.values() for name, reason in part.failures.items()}
    return ScoredMatches(kept, model.score(*encoded), first[:, None] == second, failures)


def recall(scored: ScoredMatches) -> float:
    """Returns how often the first answer belongs to what was asked; the mean of both ways."""
    return metrics.match_report(scored.scores, *_groups(scored.table), ks=(1,))["mean"]["recall_at_1"]


def measure_matches(scored: ScoredMatches, threshold: Threshold | None) -> dict:
    """Returns the figures of retrieval both ways, by name.

    Where words are a role, also how often the nearest word is right; of other labelled matches, how often the first
    answer is of the right label.
    """
    table, scores = scored.table, scored.scores
    roles = tuple(table.roles)
    figures = {
        "matches": len(table),
        "retrieval": metrics.match_report(scores, *_groups(table, by_label=False), names=roles),
        "label_recall_at_1": None,
        "nearest_word": None,
        "threshold": None,
    }
    if WORDS in table.roles.values():
        scores_of_words = scores if table.roles[roles[1]] == WORDS else scores.T
        figures["nearest_word"] = _nearest_word(scores_of_words, table)
    elif table.is_labelled:
        ways = metrics.match_report(scores, *_groups(table), ks=(1,), names=roles)
        figures["label_recall_at_1"] = {way: values["recall_at_1"] for way, values in ways.items()}
    figures["threshold"] = threshold_rates(threshold, scores, scored.same)
    return figures


def _groups(table: MatchTable, by_label: bool = True) -> list[np.ndarray]:
    return [table.groups_of(role, by_label) for role in table.roles]


def _nearest_word(scores: np.ndarray, table: MatchTable) -> dict[str, float]:
    role_of = {media == WORDS: role for role, media in table.roles.items()}
    labels, words = table.groups_of(role_of[False]), table.items[role_of[True]]["word"]
    accuracy = metrics.prototype_accuracy(scores, labels, words.tolist())
    low, high = metrics.wilson_interval(accuracy * len(labels), len(labels))
    return {"accuracy": accuracy, "low": low, "high": high, "chance": 1 / len(words), "words": len(words)}


def matches_as_text(figures: dict, fitted: Threshold | None) -> str:
    """Lays out what `measure_matches` returned, and the threshold that was fitted."""
    retrieval = {way: values for way, values in figures["retrieval"].items() if way != "mean"}
    ways, values = list(retrieval), list(retrieval.values())
    rows = [
        *((f"recall at {k}", *(percent(value[f"recall_at_{k}"]) for value in values)) for k in (1, 5, 10)),
        ("median rank", *(f"{value['median_rank']:g}" for value in values)),
    ]
    of_label = figures["label_recall_at_1"]
    if of_label is not None:
        rows.append(("first has the same label", *(percent(of_label[way]) for way in ways)))
    lines = [text_table([f"{figures['matches']:,} matches", *(way.replace("_", " ") for way in ways)], rows)]
    word = figures["nearest_word"]
    if word is not None:
        lines.append(
            f"nearest of {word['words']:,} words is right: {percent(word['accuracy'])} (95 % interval "
            f"{percent(word['low'])} to {percent(word['high'])}, chance {percent(word['chance'])})"
        )
    own = figures["threshold"]
    if own is not None:
        rates = f"{percent(own['false_accept_rate'])} / {percent(own['false_reject_rate'])}"
        lines.append(
            f"threshold of the model: {own['value']:.3f} ({own['origin']}), false accepts and rejects here {rates}"
        )
    if fitted is not None:
        lines.append(f"threshold fitted here: {fitted}")
    return "\n".join(lines)
