"""`comparators evaluate`: how good a model is on labelled items, pairs or matches; a threshold fitted on them."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.report import print_json


@click.command(short_help="Measure a model on labelled recordings, images or texts; fit its threshold.")
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

    A model of texts is measured on labelled texts, the columns text and label, or on pairs, the columns sentence1 and
    sentence2: with a graded score, Spearman's and Pearson's correlation and their 95 % intervals are printed, with
    same, 1 or 0, the equal error rate.

    A classifier that `comparators finetune` wrote is measured on a manifest of clips with labels: mean average
    precision, AUC, d' and, where each clip has one label, accuracy; scores are averaged over all frames.

    A threshold belongs to the data that it is used on: with -o, one is fitted on these recordings (where false accepts
    and false rejects are equal, or for the --target-far that you allow) and stored in a copy of the model.

    \b
    comparators evaluate speaker-encoder manifest.csv --split test
    comparators evaluate speaker-encoder my_voices/ --target-far 0.01 -o mine.keras
    comparators verify a.wav b.wav --model mine.keras
    comparators evaluate two-roles.keras matches.csv --split test
    comparators evaluate sentences.keras pairs.csv --split test
    comparators evaluate finetuned.keras clips/manifest.json

    Exit status: 0 done; 1 done, recordings were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.inputs import (
        Sources,
        has_two_roles,
        is_clip_classifier,
        is_text_model,
        load_any_model,
    )
    from comparators.command_line.output_files import check_output, save_model

    if output is not None:
        check_output(output, (".keras",))
    model = load_any_model(model_name)
    from comparators.command_line.evaluated import Evaluation

    named = Sources(sources, label_column, split, media)
    how = Evaluation(named, output is not None or target_far is not None, target_far, seed, quiet)
    if is_clip_classifier(model):
        from comparators.command_line.clip_evaluation import evaluate_clips

        done = evaluate_clips(model, role, how)
    elif role is None and has_two_roles(model):
        from comparators.command_line.match_evaluation import evaluate_matches

        done = evaluate_matches(model, how)
    elif role is None and is_text_model(model):
        from comparators.command_line.text_evaluation import evaluate_texts

        done = evaluate_texts(model, model_name, how)
    else:
        from comparators.command_line.item_evaluation import evaluate_items

        done = evaluate_items(model, model_name, role, how)
    if output is not None:
        save_model(done.model, output)
    if as_json:
        threshold = None if done.fitted is None else done.fitted.to_dict()
        print_json({"model": model_name, **done.figures, "fitted_threshold": threshold, "failures": done.failures})
    else:
        click.echo(done.text)
        if output is not None:
            click.echo(f"model with this threshold: {output}")
    return 1 if done.failures else 0
