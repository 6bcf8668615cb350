"""The figures of `comparators evaluate` for a classifier of clips, and of `comparators finetune`."""

import numpy as np

from comparators import metrics
from comparators.command_line.clip_training import clip_labels, readable_clips
from comparators.command_line.evaluated import Evaluated, Evaluation
from comparators.command_line.match_sources import read_matches
from comparators.command_line.report import text_table
from comparators.models.cavmae_classifier import CAVMAEClassifier


def evaluate_clips(model: CAVMAEClassifier, role: str | None, how: Evaluation) -> Evaluated:
    """Measures a classifier on clips whose labels are known; scores are averaged over all frames.

    Raises:
        ValueError: the classifier has no reader or no labels, the clips have no labels or others, or an option is named
            that is for embeddings.
    """
    if role is not None or how.fits_threshold:
        raise ValueError("A classifier of clips has no roles and no threshold. Leave --role, -o and --target-far out.")
    if model.reader is None or model.label_table is None:
        raise ValueError(
            "The classifier has no readers of files, or no labels: it was not written by `comparators finetune`. "
            "Measure it in Python instead."
        )
    names, label_column, split, _ = how.sources
    table = read_matches(names, {role: role for role in model.roles}, label_column, split)
    clips, failures = readable_clips(model.reader, table)
    targets = model.label_table.targets(clip_labels(clips, ", ".join(names), label_column))
    figures = measure_scores(model.score(clips.table), targets)
    return Evaluated(model, figures, None, failures, text_table(figures, [list(figures.values())]))


def measure_scores(scores: np.ndarray, targets: np.ndarray) -> dict[str, float | int | None]:
    """Returns the figures of a classifier by name.

    Args:
        scores: probabilities `(n, classes)`.
        targets: 1 where a clip has a label `(n, classes)`.

    Returns:
        `"clips"`; `"map"`, `"auc"` and `"d_prime"`, None where no class is in some clips and not in others; and
        `"accuracy"`, where each clip has one label, else None.
    """
    figures = {"clips": len(scores), "map": None, "auc": None, "d_prime": None, "accuracy": None}
    if (targets.any(axis=0) & ~targets.all(axis=0)).any():
        figures |= metrics.multi_label_report(scores, targets)
    if (targets.sum(axis=1) == 1).all():
        figures["accuracy"] = float((scores.argmax(axis=1) == targets.argmax(axis=1)).mean())
    return figures
