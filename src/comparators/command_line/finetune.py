"""`comparators finetune`: a pre-trained CAV-MAE learns to name what is heard and seen."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import counted, print_json, text_table

_SHARE = click.FloatRange(0, 1)


@click.command(short_help="Fine-tune a pre-trained CAV-MAE to a classifier of clips.")
@click.argument("manifest", metavar="MANIFEST")
@options.output("Classifier to write.", "classifier.keras")
@click.option("--model", "model_name", required=True, metavar="PRETRAINED.keras", help="What `pretrain` wrote.")
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file with index,mid,display_name.  [default: the labels in MANIFEST]",
)
@click.option(
    "--mode",
    type=click.Choice(["multimodal", "audioonly", "videoonly"]),
    default="multimodal",
    show_default=True,
    help="What it hears and sees.",
)
@click.option(
    "--loss",
    type=click.Choice(["binary", "categorical"]),
    help="For several labels a clip, or for one.  [default: categorical where each clip has one]",
)
@click.option("--epochs", type=click.IntRange(min=1), default=15, show_default=True, help="Passes over the clips.")
@click.option("--batch-size", type=click.IntRange(min=1), default=36, show_default=True, help="Clips of a batch.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=5e-5, show_default=True)
@click.option(
    "--head-factor",
    type=click.FloatRange(min=0, min_open=True),
    default=100.0,
    show_default=True,
    help="Times the learning rate, for the new head.",
)
@click.option(
    "--decay-from",
    type=click.IntRange(min=0),
    metavar="EPOCHS",
    help="After so many the learning rate is halved, and after each from there on.  [default: a third of them]",
)
@click.option("--balanced", is_flag=True, help="Draw clips of rare labels more often.")
@click.option("--mixup", type=_SHARE, default=0.5, show_default=True, help="Share of clips with another mixed in.")
@click.option("--label-smoothing", type=_SHARE, default=0.1, show_default=True)
@click.option("--augment/--plain", default=True, show_default=True, help="Masks, noise and shifts of spectrograms.")
@click.option("--frequency-mask", type=click.IntRange(min=0), help="Widest, in bands.  [default: 48 of 128]")
@click.option("--time-mask", type=click.IntRange(min=0), help="Widest, in frames.  [default: 192 of 1024]")
@click.option(
    "--average-from",
    type=click.IntRange(min=1),
    metavar="EPOCH",
    help="Write the mean of the weights after this epoch, from 1, and each later one.  [default: the last]",
)
@options.accumulate
@options.mixed_precision
@options.validation
@options.validation_fraction
@options.max_failed
@options.workers
@options.label_column
@options.split
@options.seed
@options.json
@options.quiet
def finetune(
    manifest: str,
    output: Path,
    model_name: str,
    labels: Path | None,
    mode: str,
    loss: str | None,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    head_factor: float,
    decay_from: int | None,
    balanced: bool,
    mixup: float,
    label_smoothing: float,
    augment: bool,
    frequency_mask: int | None,
    time_mask: int | None,
    average_from: int | None,
    accumulate: int,
    mixed_precision: bool,
    validation: str | None,
    validation_fraction: float,
    max_failed_share: float,
    workers: int,
    label_column: str | None,
    split: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Fine-tune a pre-trained CAV-MAE to name what is heard and seen in the clips of MANIFEST.

    MANIFEST is what `comparators extract-video` writes from a CSV file with `labels` (several joined by commas),
    another JSON manifest of AST and CAV-MAE, or a CSV file with `audio`, `image` (of these what --mode needs) and
    `label` (one, which may have a comma). The defaults are those published for AudioSet-20K, which averages the
    weights besides: `--average-from 3`. Prints mean average precision, AUC, d' and, where each clip has one label,
    accuracy on the validation clips, whose scores are averaged over all frames.

    A training that was stopped goes on, to the same losses, when it is started again: the last epoch is in a folder
    beside the output until that is written.

    \b
    comparators finetune train.json -o as20k.keras --model cavmae.keras --labels class_labels_indices.csv
    comparators finetune train.json -o vgg.keras --model cavmae.keras --validation test.json --balanced \\
        --learning-rate 1e-4 --head-factor 10 --epochs 10 --decay-from 2 --average-from 3 --workers 8

    Exit status: 0 done; 1 done, clips were replaced by others; 2 wrong usage or input.
    """
    from comparators.command_line.output_files import check_output, save_model

    check_output(output, (".keras",))
    settings = click.get_current_context().params
    if not augment:
        options.refuse("with --plain", "frequency_mask", "time_mask")
    if average_from is not None and average_from > epochs:
        raise ValueError(f"`--average-from` must be one of {epochs} epochs. Received: {average_from}.")
    import_keras()
    from comparators.command_line.clip_training import ClipSources, precision
    from comparators.command_line.finetuning import FineTuning, fine_tune
    from comparators.command_line.pretraining import load_clip_model
    from comparators.command_line.training_backup import TrainingBackup

    backup = TrainingBackup(output, settings)
    how = FineTuning(**{name: settings[name] for name in FineTuning._fields})
    sources = ClipSources(manifest, validation, validation_fraction, label_column, split)
    with precision(mixed_precision):
        model = load_clip_model(model_name)
    trained = fine_tune(model, sources, labels, how, backup, quiet)
    save_model(trained.model, output)
    backup.remove()
    if as_json:
        document = {"output": str(output), "labels": trained.model.labels, "history": trained.history}
        print_json(document | {"validation": trained.figures, "failures": trained.failures})
    else:
        click.echo(
            f"{output}: trained on {counted(trained.size, 'clip')}, {counted(trained.model.num_classes, 'label')}"
        )
        if trained.figures is not None:
            click.echo(text_table(trained.figures, [list(trained.figures.values())]))
    return 1 if trained.failures else 0
