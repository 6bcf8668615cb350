"""`comparators evaluate`: error rates of a model on labelled recordings, and a threshold fitted on them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from comparators.command_line import options
from comparators.command_line.report import print_json, text_table

if TYPE_CHECKING:
    from comparators.models.comparator import Comparator
    from comparators.models.dual_encoder import DualEncoder
    from comparators.recognition.embedding_table import EmbeddingTable
    from comparators.recognition.threshold import Threshold

# The interval draws all pairs some hundred times: above this many it would take longer than the embedding.
_MOST_PAIRS_FOR_AN_INTERVAL = 1_000_000


@click.command(short_help="Measure a model on labelled recordings or images; fit its threshold.")
@click.argument("model_name", metavar="MODEL")
@options.sources
@click.option(
    "-o",
    "--output",
    metavar="model.keras",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fit the threshold on these recordings, and write the model with it to this file.",
)
@options.target_far
@options.role
@options.label_column
@options.split
@options.media
@options.seed
@options.json
@options.quiet
def evaluate(
    model_name: str,
    sources: tuple[str, ...],
    output: Path | None,
    target_far: float | None,
    role: str | None,
    label_column: str | None,
    split: str | None,
    media: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure MODEL (a shipped model's name, or a .keras file) on all pairs of the files in SOURCE.

    Prints the equal error rate with its 95 % interval over labels, minDCF, AUC, how often the nearest other file
    has the right label, and the errors at the model's threshold. Labels that the model was trained on tell nothing
    about new ones.

    A model of two roles is measured on matches, a CSV file with a column for each role: each item asks for its match in
    the other role. Prints recall at 1, 5 and 10 both ways, the median rank, and how often the first answer is of the
    right label, or the nearest word the right one. With --role, the encoder of that role is measured on its own.

    A threshold belongs to the data that it is used on: with -o, one is fitted on these recordings (where false accepts
    and false rejects are equal, or for the --target-far that you allow) and stored in a copy of the model.

    \b
    comparators evaluate speaker-encoder manifest.csv --split test
    comparators evaluate speaker-encoder my_voices/ --target-far 0.01 -o mine.keras
    comparators verify a.wav b.wav --model mine.keras
    comparators evaluate two-roles.keras matches.csv --split test

    Exit status: 0 done; 1 done, recordings were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.inputs import (
        embed_table,
        has_two_roles,
        load_any_model,
        require_pairs,
        source_names,
        with_sources,
    )
    from comparators.command_line.output_files import check_output, save_model

    if output is not None:
        check_output(output, (".keras",))
    model = load_any_model(model_name)
    if role is None and has_two_roles(model):
        return _evaluate_matches(model, model_name, sources, output, target_far, label_column, split, as_json, quiet)
    model, manifest = with_sources(model, model_name, role, sources, label_column, split, media)
    require_pairs(manifest, "Evaluation")
    table, failures = embed_table(model, manifest, quiet)
    figures = measure(model, table, seed)
    fitted = None
    if output is not None or target_far is not None:
        origin = f"{source_names(sources)}, {figures['labels']} labels"
        fitted = model.fit_threshold(table.vectors, table.labels, target_far=target_far, origin=origin)
    if output is not None:
        save_model(model, output)
    if as_json:
        threshold = None if fitted is None else fitted.to_dict()
        print_json({"model": model_name, **figures, "fitted_threshold": threshold, "failures": failures})
    else:
        click.echo(_as_text(model.item_name, figures, fitted, output))
    return 1 if failures else 0


def _evaluate_matches(
    model: "DualEncoder",
    model_name: str,
    sources: tuple[str, ...],
    output: Path | None,
    target_far: float | None,
    label_column: str | None,
    split: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    from comparators.command_line.inputs import source_names
    from comparators.command_line.match_evaluation import matches_as_text, measure_matches, score_matches
    from comparators.command_line.match_items import media_of_roles
    from comparators.command_line.match_table import read_matches
    from comparators.command_line.output_files import save_model

    scored = score_matches(model, read_matches(sources, media_of_roles(model), label_column, split), quiet)
    figures = measure_matches(scored, model.threshold)
    fitted = None
    if output is not None or target_far is not None:
        origin = f"{source_names(sources)}, {figures['matches']} matches"
        fitted = model.fit_threshold(scored.scores, scored.same, target_far=target_far, origin=origin)
    if output is not None:
        save_model(model, output)
    if as_json:
        threshold = None if fitted is None else fitted.to_dict()
        print_json({"model": model_name, **figures, "fitted_threshold": threshold, "failures": scored.failures})
    else:
        click.echo(matches_as_text(figures, fitted, output))
    return 1 if scored.failures else 0


def measure(model: "Comparator", table: "EmbeddingTable", seed: int = 0) -> dict:
    """Returns the figures of verification on all pairs of a table, by name, and those at the model's own threshold."""
    from comparators import metrics

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
    if model.threshold is not None:
        accepted = model.threshold.accepts(scores)
        figures["threshold"] = {
            "value": model.threshold.value,
            "origin": model.threshold.origin,
            "false_accept_rate": float(accepted[~same].mean()),
            "false_reject_rate": float(1 - accepted[same].mean()),
        }
    return figures


def _as_text(item_name: str, figures: dict, fitted: "Threshold | None", output: Path | None) -> str:
    interval = figures["equal_error_rate_interval"]
    rows = [
        (f"{item_name}s, labels, pairs", " / ".join(f"{figures[n]:,}" for n in (f"{item_name}s", "labels", "pairs"))),
        ("equal error rate", _percent(figures["equal_error_rate"])),
        ("  95 % interval over labels", "-" if interval is None else " to ".join(map(_percent, interval))),
        ("minDCF at .01 and .05", f"{figures['min_dcf_01']:.3f} / {figures['min_dcf_05']:.3f}"),
        ("area under the ROC curve", f"{figures['auc']:.4f}"),
        ("nearest has the same label", _percent(figures["precision_at_1"])),
    ]
    own = figures["threshold"]
    if own is None:
        rows.append(("threshold of the model", "none"))
    else:
        rows += [
            ("threshold of the model", f"{own['value']:.3f} ({own['origin']})"),
            (
                "  false accepts, false rejects",
                f"{_percent(own['false_accept_rate'])} / {_percent(own['false_reject_rate'])}",
            ),
        ]
    if fitted is not None:
        rows += [
            ("threshold fitted here", f"{fitted.value:.3f} ({fitted.origin})"),
            ("  false accepts, false rejects", f"{_percent(fitted.far)} / {_percent(fitted.frr)}"),
        ]
    if output is not None:
        rows.append(("model with this threshold", str(output)))
    return text_table(["figure", "value"], rows)


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %"
