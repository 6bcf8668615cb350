"""The figures of `comparators evaluate` for labelled items: all pairs of them, of one label and of two."""

from comparators import metrics
from comparators.command_line.embedding import embed_table
from comparators.command_line.evaluated import Evaluated, Evaluation, percent, threshold_rates, threshold_rows
from comparators.command_line.inputs import require_pairs, source_names, with_sources
from comparators.command_line.report import text_table
from comparators.models.comparator import Comparator
from comparators.recognition.embedding_table import EmbeddingTable
from comparators.recognition.threshold import Threshold

# The interval draws all pairs some hundred times: above this many it would take longer than the embedding.
_MOST_PAIRS_FOR_AN_INTERVAL = 1_000_000


def evaluate_items(model: Comparator, name: str, role: str | None, how: Evaluation) -> Evaluated:
    """Measures a model, or the encoder of one of its two roles, on labelled files, words or texts."""
    model, manifest = with_sources(model, name, role, *how.sources)
    require_pairs(manifest, "Evaluation")
    table, failures = embed_table(model, manifest, how.quiet)
    figures, fitted = measure(model, table, how.seed), None
    if how.fits_threshold:
        origin = f"{source_names(how.sources.names)}, {figures['labels']} labels"
        fitted = model.fit_threshold(table.vectors, table.labels, target_far=how.target_far, origin=origin)
    return Evaluated(model, figures, fitted, failures, items_as_text(model.item_name, figures, fitted))


def measure(model: Comparator, table: EmbeddingTable, seed: int = 0) -> dict:
    """Returns the figures of verification on all pairs of a table, by name, and those at the model's own threshold."""
    scores, same = metrics.pair_scores(table.vectors, table.labels, similarity=model.scorer)
    figures = {
        f"{model.item_name}s": len(table),
        "labels": len(set(table.labels.tolist())),
        "pairs": len(scores),
        "equal_error_rate": metrics.equal_error_rate(scores, same),
        "equal_error_rate_interval": None,
        "min_dcf_01": metrics.min_dcf(scores, same, p_target=0.01),
        "min_dcf_05": metrics.min_dcf(scores, same, p_target=0.05),
        "auc": metrics.roc_auc(scores, same),
        "precision_at_1": metrics.precision_at_1(table.vectors, table.labels, similarity=model.scorer),
        "threshold": None,
    }
    if len(scores) <= _MOST_PAIRS_FOR_AN_INTERVAL:
        figures["equal_error_rate_interval"] = metrics.equal_error_rate_interval(
            table.vectors, table.labels, num_draws=200, similarity=model.scorer, seed=seed
        )
    figures["threshold"] = threshold_rates(model.threshold, scores, same)
    return figures


def items_as_text(item_name: str, figures: dict, fitted: Threshold | None) -> str:
    """Lays out what `measure` returned, and the threshold that was fitted."""
    interval = figures["equal_error_rate_interval"]
    rows = [
        (f"{item_name}s, labels, pairs", " / ".join(f"{figures[n]:,}" for n in (f"{item_name}s", "labels", "pairs"))),
        ("equal error rate", percent(figures["equal_error_rate"])),
        ("  95 % interval over labels", "-" if interval is None else " to ".join(map(percent, interval))),
        ("minDCF at .01 and .05", f"{figures['min_dcf_01']:.3f} / {figures['min_dcf_05']:.3f}"),
        ("area under the ROC curve", f"{figures['auc']:.4f}"),
        ("nearest has the same label", percent(figures["precision_at_1"])),
        *threshold_rows(figures["threshold"], fitted),
    ]
    return text_table(["figure", "value"], rows)
