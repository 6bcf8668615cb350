"""What every evaluation of `comparators evaluate` shares: its settings, its result, how thresholds are told."""

from typing import NamedTuple

import numpy as np

from comparators.command_line.inputs import Sources
from comparators.models.comparator import Comparator
from comparators.recognition.threshold import Threshold


class Evaluation(NamedTuple):
    """How a model is measured, see the options of `comparators evaluate`.

    Attributes:
        sources: what it is measured on.
        fits_threshold: whether a threshold is fitted.
        target_far: see `Comparator.fit_threshold`.
        seed: of the intervals.
        quiet: no progress.
    """

    sources: Sources
    fits_threshold: bool
    target_far: float | None
    seed: int
    quiet: bool


class Evaluated(NamedTuple):
    """What an evaluation returns.

    Attributes:
        model: with the threshold, where one was fitted.
        figures: by name.
        fitted: the threshold.
        failures: item -> what was wrong with it.
        text: the figures laid out.
    """

    model: Comparator
    figures: dict
    fitted: Threshold | None
    failures: dict[str, str]
    text: str


def threshold_rates(threshold: Threshold | None, scores: np.ndarray, same: np.ndarray) -> dict | None:
    """Returns the errors at a model's own threshold; None where there is none, or pairs are of one kind only.

    Args:
        threshold: of the model.
        scores: of pairs, of any shape.
        same: which of them belong together, of the same shape.
    """
    if threshold is None or not 0 < same.sum() < same.size:
        return None
    accepted = threshold.accepts(scores)
    return {
        "value": threshold.value,
        "origin": threshold.origin,
        "false_accept_rate": float(accepted[~same].mean()),
        "false_reject_rate": float(1 - accepted[same].mean()),
    }


def threshold_rows(own: dict | None, fitted: Threshold | None) -> list[tuple[str, str]]:
    """Returns the rows of a table that tell a model's own threshold and the fitted one."""
    rows = [("threshold of the model", "none")]
    if own is not None:
        rows = [
            ("threshold of the model", f"{own['value']:.3f} ({own['origin']})"),
            (
                "  false accepts, false rejects",
                f"{percent(own['false_accept_rate'])} / {percent(own['false_reject_rate'])}",
            ),
        ]
    if fitted is not None:
        rows += [
            ("threshold fitted here", f"{fitted.value:.3f} ({fitted.origin})"),
            ("  false accepts, false rejects", f"{percent(fitted.far)} / {percent(fitted.frr)}"),
        ]
    return rows


def percent(rate: float) -> str:
    """Writes a share, such as "12.34 %"."""
    return f"{100 * rate:.2f} %"
