"""The figures of `comparators evaluate` for a model of two roles: each item asks for its matches in the other role."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from comparators import metrics
from comparators.command_line.match_items import encode_items, take
from comparators.command_line.match_table import WORDS, MatchTable
from comparators.command_line.report import text_table
from comparators.models.dual_encoder import DualEncoder
from comparators.recognition.threshold import Threshold


class ScoredMatches(NamedTuple):
    """What `score_matches` returns.

    Attributes:
        table: the matches whose files could all be read.
        scores: of the first role's items with the second's `(n, m)`.
        same: which of these belong together `(n, m)`.
        failures: path or word -> what was wrong with it.
    """

    table: MatchTable
    scores: np.ndarray
    same: np.ndarray
    failures: dict[str, str]


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
    if threshold is not None and 0 < scored.same.sum() < scored.same.size:
        accepted = threshold.accepts(scores)
        figures["threshold"] = {
            "value": threshold.value,
            "origin": threshold.origin,
            "false_accept_rate": float(accepted[~scored.same].mean()),
            "false_reject_rate": float(1 - accepted[scored.same].mean()),
        }
    return figures


def _groups(table: MatchTable, by_label: bool = True) -> list[np.ndarray]:
    return [table.groups_of(role, by_label) for role in table.roles]


def _nearest_word(scores: np.ndarray, table: MatchTable) -> dict[str, float]:
    role_of = {media == WORDS: role for role, media in table.roles.items()}
    labels, words = table.groups_of(role_of[False]), table.items[role_of[True]]["word"]
    accuracy = metrics.prototype_accuracy(scores, labels, words.tolist())
    low, high = metrics.wilson_interval(accuracy * len(labels), len(labels))
    return {"accuracy": accuracy, "low": low, "high": high, "chance": 1 / len(words), "words": len(words)}


def matches_as_text(figures: dict, fitted: Threshold | None, output: Path | None) -> str:
    """Lays out what `measure_matches` returned, and the threshold that was fitted."""
    retrieval = {way: values for way, values in figures["retrieval"].items() if way != "mean"}
    ways, values = list(retrieval), list(retrieval.values())
    rows = [
        *((f"recall at {k}", *(_percent(value[f"recall_at_{k}"]) for value in values)) for k in (1, 5, 10)),
        ("median rank", *(f"{value['median_rank']:g}" for value in values)),
    ]
    of_label = figures["label_recall_at_1"]
    if of_label is not None:
        rows.append(("first has the same label", *(_percent(of_label[way]) for way in ways)))
    lines = [text_table([f"{figures['matches']:,} matches", *(way.replace("_", " ") for way in ways)], rows)]
    word = figures["nearest_word"]
    if word is not None:
        lines.append(
            f"nearest of {word['words']:,} words is right: {_percent(word['accuracy'])} (95 % interval "
            f"{_percent(word['low'])} to {_percent(word['high'])}, chance {_percent(word['chance'])})"
        )
    own = figures["threshold"]
    if own is not None:
        rates = f"{_percent(own['false_accept_rate'])} / {_percent(own['false_reject_rate'])}"
        lines.append(
            f"threshold of the model: {own['value']:.3f} ({own['origin']}), false accepts and rejects here {rates}"
        )
    if fitted is not None:
        lines.append(f"threshold fitted here: {fitted}")
    if output is not None:
        lines.append(f"model with this threshold: {output}")
    return "\n".join(lines)


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %"
