"""`comparators train`: an encoder or a siamese network of one's own."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import counted, print_json


@click.command(short_help="Train a network on labelled recordings or images, or on matches of two roles.")
@options.sources
@options.output("Model to write.", "model.keras")
@click.option(
    "--model",
    "model_name",
    metavar="NAME_OR_PATH",
    help="Go on from this model's encoder, such as speaker-encoder.  [default: a new one]",
)
@click.option("--siamese", is_flag=True, help="A new siamese network, which gives probabilities, not an encoder.")
@click.option("--roles", metavar="image,audio", help="Train on matches of two roles: image,audio or audio,word.")
@click.option(
    "--words",
    metavar="glove.txt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Word vectors for the role word: a GloVe text file, or .npz. The model keeps the first 20,000 words.",
)
@click.option("--batch-size", type=click.IntRange(min=2), default=64, show_default=True, help="Matches of a batch.")
@click.option("--epochs", type=click.IntRange(min=1), default=20, show_default=True, help="Passes over the files.")
@click.option("--labels-per-batch", type=click.IntRange(min=2), metavar="P", help="[default: 32, or all there are]")
@click.option("--items-per-label", type=click.IntRange(min=2), default=6, show_default=True, metavar="K")
@click.option(
    "--window-seconds",
    type=click.FloatRange(min=0.1),
    help="Length of the pieces of recordings that are compared.  [default: 1.6; with two roles the network's own]",
)
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=1e-3, show_default=True)
@click.option("--embedding-dim", type=click.IntRange(min=2), default=256, show_default=True, help="Of a new network.")
@click.option(
    "--channels",
    type=click.IntRange(min=8),
    default=256,
    show_default=True,
    help="Width of a new network of recordings.",
)
@click.option("--image-size", type=click.IntRange(min=8), default=64, show_default=True, help="Pixels of a side.")
@click.option("--grey", is_flag=True, help="Images of one channel.  [default: colour]")
@click.option(
    "--validation-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the labels (or matches) kept out of training, to choose the best epoch and to fit the threshold.",
)
@options.target_far
@options.label_column
@options.split
@options.media
@options.seed
@options.json
@options.quiet
def train(
    sources: tuple[str, ...],
    output: Path,
    model_name: str | None,
    siamese: bool,
    roles: str | None,
    words: Path | None,
    batch_size: int,
    epochs: int,
    labels_per_batch: int | None,
    items_per_label: int,
    window_seconds: float | None,
    learning_rate: float,
    embedding_dim: int,
    channels: int,
    image_size: int,
    grey: bool,
    validation_fraction: float,
    target_far: float | None,
    label_column: str | None,
    split: str | None,
    media: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train a network on the labelled recordings or images in SOURCE (folders or CSV files).

    Batches hold P labels with K items of each (of recordings, windows). An encoder draws items of one label together
    (GE2E); a siamese network learns the probability of "same" on every pair that a batch can form. After each epoch
    the equal error rate on all pairs of the validation labels, which are never trained on, is taken; the best epoch is
    kept, and the threshold is fitted on them. Several sources are several corpora: a batch stays within one.

    With --roles, things of two kinds learn what belongs together, from CSV files with a column for each role; rows of
    one `label`, where there is one, belong together too. The word of a sound may be its `label`, or name its folder.

    \b
    comparators train manifest.csv -o model.keras --label-column speaker --split train
    comparators train my_voices/ -o mine.keras --model speaker-encoder --learning-rate 1e-4 --epochs 5
    comparators train leaves/ -o leaves.keras --siamese --image-size 96
    comparators train matches.csv -o digits.keras --roles image,audio --image-size 28 --grey
    comparators train sounds.csv -o sounds.keras --roles audio,word --words glove.txt

    Exit status: 0 done; 1 done, files were left out; 2 wrong usage or input.
    """
    from comparators.command_line.inputs import read_sources, require_pairs, source_names
    from comparators.command_line.output_files import check_output, save_model

    check_output(output, (".keras",))
    sizes = (embedding_dim, image_size, grey)
    if roles is not None:
        options.refuse("with --roles", "siamese", "labels_per_batch", "items_per_label", "channels", "media")
        import_keras()
        from comparators.command_line.match_training import MatchFit, NewMatchModel, train_matches

        new = NewMatchModel(roles.split(","), words, window_seconds, *sizes)
        how = MatchFit(epochs, batch_size, learning_rate, validation_fraction, target_far, seed)
        model, history, size, num_left_out = train_matches(sources, label_column, split, new, model_name, how, quiet)
    else:
        options.refuse("without --roles", "words", "batch_size")
        manifest = read_sources(sources, label_column, split, media)
        require_pairs(manifest, "Training")
        import_keras()
        from comparators.command_line.training import (
            NewModel,
            fit,
            make_batches,
            new_or_loaded,
            split_labels,
            usable_items,
        )

        model = new_or_loaded(model_name, NewModel(siamese, channels, *sizes), manifest, seed)
        usable = usable_items(model, manifest, quiet)
        require_pairs(usable, "Training")
        num_left_out = len(manifest) - len(usable)
        trained_on, held_out = split_labels(usable, validation_fraction, seed)
        batches = make_batches(model, trained_on, labels_per_batch, items_per_label, window_seconds or 1.6, seed)
        history = fit(model, batches, held_out, epochs, learning_rate, quiet)
        model = model.with_objective(model.objective)  # without the optimiser's state, two thirds of the file
        if held_out is not None:
            origin = f"{held_out['label'].nunique()} validation labels of {source_names(sources)}"
            model.fit_threshold(model.embed(held_out), held_out["label"], target_far=target_far, origin=origin)
        size = f"{counted(len(trained_on), model.item_name)} of {counted(trained_on['label'].nunique(), 'label')}"
    save_model(model, output)
    if as_json:
        threshold = None if model.threshold is None else model.threshold.to_dict()
        print_json(
            {"output": str(output), "history": history, "threshold": threshold, "fingerprint": model.fingerprint}
        )
    else:
        click.echo(f"{output}: trained on {size}, model {model.fingerprint}")
        click.echo(f"threshold: {model.threshold or 'none, fit one with `comparators evaluate ... -o`'}")
    return 1 if num_left_out else 0
