"""`comparators train`: an encoder of one's own."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import counted, print_json


@click.command(short_help="Train an encoder on labelled recordings.")
@options.sources
@options.output("Model to write.", "model.keras")
@click.option(
    "--model",
    "model_name",
    metavar="NAME_OR_PATH",
    help="Go on from this model's encoder, such as speaker-encoder.  [default: a new one]",
)
@click.option("--epochs", type=click.IntRange(min=1), default=20, show_default=True, help="Passes over the recordings.")
@click.option("--labels-per-batch", type=click.IntRange(min=2), metavar="P", help="[default: 32, or all there are]")
@click.option("--items-per-label", type=click.IntRange(min=2), default=6, show_default=True, metavar="K")
@click.option(
    "--window-seconds",
    type=click.FloatRange(min=0.1),
    default=1.6,
    show_default=True,
    help="Length of the pieces of recordings that are compared.",
)
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=1e-3, show_default=True)
@click.option("--embedding-dim", type=click.IntRange(min=2), default=256, show_default=True, help="Of a new encoder.")
@click.option("--channels", type=click.IntRange(min=8), default=256, show_default=True, help="Width of a new encoder.")
@click.option(
    "--validation-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the labels that are kept out of training, to choose the best epoch and to fit the threshold.",
)
@options.target_far
@options.label_column
@options.split
@options.seed
@options.json
@options.quiet
def train(
    sources: tuple[str, ...],
    output: Path,
    model_name: str | None,
    epochs: int,
    labels_per_batch: int | None,
    items_per_label: int,
    window_seconds: float,
    learning_rate: float,
    embedding_dim: int,
    channels: int,
    validation_fraction: float,
    target_far: float | None,
    label_column: str | None,
    split: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train an encoder on the labelled recordings in SOURCE (folders or CSV files).

    Batches hold P labels with K windows of each, and the GE2E loss draws windows of one label together. After each
    epoch the equal error rate on all pairs of the validation labels, which are never trained on, is taken; the best
    epoch is kept, and the threshold is fitted on them. Several sources are several corpora: a batch stays within one.

    \b
    comparators train manifest.csv -o model.keras --label-column speaker --split train
    comparators train my_voices/ -o mine.keras --model speaker-encoder --learning-rate 1e-4 --epochs 5

    Exit status: 0 done; 1 done, recordings were left out; 2 wrong usage or input.
    """
    from comparators.command_line.output_files import check_output, save_model
    from comparators.command_line.recordings import read_sources, require_pairs, source_names

    check_output(output, (".keras",))
    manifest = read_sources(sources, label_column, split)
    require_pairs(manifest, "Training")
    import_keras()
    from comparators.command_line.training import (
        fit,
        make_batches,
        new_or_loaded,
        split_labels,
        usable_recordings,
        without_optimizer,
    )

    model = new_or_loaded(model_name, embedding_dim, channels, seed)
    usable = usable_recordings(model, manifest, quiet)
    require_pairs(usable, "Training")
    trained_on, held_out = split_labels(usable, validation_fraction, seed)
    batches = make_batches(model, trained_on, labels_per_batch, items_per_label, window_seconds, seed)
    history = fit(model, batches, held_out, epochs, learning_rate, quiet)
    model = without_optimizer(model)
    if held_out is not None:
        origin = f"{held_out['label'].nunique()} validation labels of {source_names(sources)}"
        model.fit_threshold(model.embed(held_out), held_out["label"], target_far=target_far, origin=origin)
    save_model(model, output)
    if as_json:
        threshold = None if model.threshold is None else model.threshold.to_dict()
        print_json(
            {"output": str(output), "history": history, "threshold": threshold, "fingerprint": model.fingerprint}
        )
    else:
        size = f"{counted(len(trained_on), 'recording')} of {counted(trained_on['label'].nunique(), 'label')}"
        click.echo(f"{output}: trained on {size}, model {model.fingerprint}")
        click.echo(f"threshold: {model.threshold or 'none, fit one with `comparators evaluate ... -o`'}")
    return 1 if len(usable) < len(manifest) else 0
