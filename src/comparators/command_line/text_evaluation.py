"""The figures of `comparators evaluate` for texts: of labelled ones, of graded pairs, of pairs the same or not."""

import numpy as np

from comparators import metrics
from comparators.command_line.evaluated import Evaluated, Evaluation, percent, threshold_rates, threshold_rows
from comparators.command_line.inputs import source_names
from comparators.command_line.item_evaluation import evaluate_items
from comparators.command_line.item_kinds import TEXTS
from comparators.command_line.match_evaluation import evaluate_match_table
from comparators.command_line.match_sources import read_matches
from comparators.command_line.report import text_table
from comparators.command_line.text_pairs import (
    TEXT_COLUMNS,
    TOGETHER,
    known_pairs,
    pair_kind,
    read_pairs,
    require_contrast,
    score_pairs,
    shared_roles,
)
from comparators.metrics.graded_similarity import (
    MEASURES,
    correlation_interval,
    pearson_correlation,
    spearman_correlation,
)
from comparators.models.comparator import Comparator
from comparators.recognition.calibration import LogisticCalibration
from comparators.recognition.threshold import Threshold, fit_threshold


def evaluate_texts(model: Comparator, name: str, how: Evaluation) -> Evaluated:
    """Measures a model of texts; the columns of the sources tell on what."""
    kind = pair_kind(how.sources.names)
    if kind is None:
        return evaluate_items(model, name, None, how)
    if kind != TOGETHER:
        return evaluate_pairs(model, kind, how)
    names, label_column, split, _ = how.sources
    table = read_matches(names, dict.fromkeys(TEXT_COLUMNS, TEXTS), label_column, split)
    shared = shared_roles(model)
    shared.threshold, shared.calibration = model.threshold, model.calibration
    done = evaluate_match_table(shared, table, how)
    model.threshold, model.calibration = shared.threshold, shared.calibration
    return done._replace(model=model)


def evaluate_pairs(model: Comparator, kind: str, how: Evaluation) -> Evaluated:
    """Measures a model of texts on graded pairs, or on pairs that are the same and not the same.

    Raises:
        ValueError: if a threshold is wanted and the pairs are graded.
    """
    pairs = read_pairs(how.sources, kind)
    require_contrast(pairs, "Evaluation")
    if pairs.graded and how.fits_threshold:
        raise ValueError(
            "A threshold is fitted on pairs that are the same and pairs that are not. Received: graded pairs, with a "
            "column `score`. Leave -o and --target-far out, or give the column `same`, 1 or 0."
        )
    pairs, failures = known_pairs(model, pairs)
    scores, same = score_pairs(model, pairs), pairs.same
    figures = {"pairs": len(pairs), "texts": len(set(pairs.table[["item_a", "item_b"]].to_numpy().ravel().tolist()))}
    fitted = None
    if pairs.graded:
        figures |= {"spearman": spearman_correlation(scores, same), "pearson": pearson_correlation(scores, same)}
        intervals = {name: correlation_interval(scores, same, name, seed=how.seed) for name in MEASURES}
        figures |= {f"{name}_interval": interval for name, interval in intervals.items()}
    else:
        figures |= {"equal_error_rate": metrics.equal_error_rate(scores, same)}
        figures |= {f"min_dcf_{p:02d}": metrics.min_dcf(scores, same, p_target=p / 100) for p in (1, 5)}
        figures |= {"auc": metrics.roc_auc(scores, same)}
        figures |= {"threshold": threshold_rates(model.threshold, scores, same)}
    if how.fits_threshold:
        origin = f"{source_names(how.sources.names)}, {len(pairs):,} pairs"
        fitted = fit_pair_threshold(model, scores, same, how.target_far, origin)
    return Evaluated(model, figures, fitted, failures, pairs_as_text(figures, fitted))


def fit_pair_threshold(
    model: Comparator, scores: np.ndarray, same: np.ndarray, target_far: float | None, origin: str
) -> Threshold:
    """Fits the decision threshold and the calibration on scored pairs, and stores both in the model."""
    model.threshold = fit_threshold(scores, same, target_far=target_far, origin=origin)
    model.calibration = LogisticCalibration().fit(scores, same)
    return model.threshold


def pairs_as_text(figures: dict, fitted: Threshold | None) -> str:
    """Lays out the figures of pairs, and the threshold that was fitted."""
    rows = [("pairs, texts", f"{figures['pairs']:,} / {figures['texts']:,}")]
    if "spearman" in figures:
        for name in MEASURES:
            rows.append((f"{name.capitalize()}'s correlation", f"{figures[name]:.4f}"))
            rows.append(
                ("  95 % interval over pairs", " to ".join(f"{end:.4f}" for end in figures[f"{name}_interval"]))
            )
    else:
        rows += [
            ("equal error rate", percent(figures["equal_error_rate"])),
            ("minDCF at .01 and .05", f"{figures['min_dcf_01']:.3f} / {figures['min_dcf_05']:.3f}"),
            ("area under the ROC curve", f"{figures['auc']:.4f}"),
            *threshold_rows(figures["threshold"], fitted),
        ]
    return text_table(["figure", "value"], rows)
