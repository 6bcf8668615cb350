"""`comparators train`: an encoder or a siamese network of one's own."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import print_json

# What is trained already would be spoilt by large steps.
_LEARNING_RATE, _CHECKPOINT_LEARNING_RATE = 1e-3, 2e-5


@click.command(short_help="Train a network on labelled recordings, images or texts, or on pairs or matches.")
@options.sources
@options.output("Model to write.", "model.keras")
@click.option(
    "--model",
    "model_name",
    metavar="NAME_OR_PATH",
    help="Go on from this model's encoder, such as speaker-encoder.  [default: a new one]",
)
@click.option("--siamese", is_flag=True, help="A new siamese network, which gives probabilities, not an encoder.")
@click.option(
    "--roles",
    metavar="image,audio",
    help="Train on matches of two roles: image,audio, audio,word, image,text, audio,text or question,passage.",
)
@click.option(
    "--words",
    metavar="glove.txt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Word vectors for the role word, or for texts to begin with: a GloVe text file, or .npz. The model keeps the "
    "first 20,000 words.",
)
@click.option(
    "--tokenizer",
    metavar="tokenizer.json",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Of texts.  [default: trained on them]",
)
@click.option(
    "--checkpoint",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Begin with a published network of texts: config.json, model.safetensors and tokenizer.json.",
)
@click.option("--bi-lstm", is_flag=True, help="A new network of texts of LSTMs, not a transformer or words' average.")
@click.option(
    "--batch-size", type=click.IntRange(min=2), default=64, show_default=True, help="Matches or pairs of a batch."
)
@click.option("--epochs", type=click.IntRange(min=1), default=20, show_default=True, help="Passes over the files.")
@click.option("--labels-per-batch", type=click.IntRange(min=2), metavar="P", help="[default: 32, or all there are]")
@click.option("--items-per-label", type=click.IntRange(min=2), default=6, show_default=True, metavar="K")
@click.option(
    "--window-seconds",
    type=click.FloatRange(min=0.1),
    help="Length of the pieces of recordings that are compared.  [default: 1.6; with two roles the network's own]",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="[default: 0.001; 2e-5 with --checkpoint]",
)
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
@click.option(
    "--media",
    type=click.Choice(["audio", "image", "text"]),
    help="What to train on: texts, or which files of a folder.  [default: the one kind of files that there is]",
)
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
    tokenizer: Path | None,
    checkpoint: Path | None,
    bi_lstm: bool,
    batch_size: int,
    epochs: int,
    labels_per_batch: int | None,
    items_per_label: int,
    window_seconds: float | None,
    learning_rate: float | None,
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
    """Train a network on the labelled recordings, images or texts in SOURCE (folders or CSV files).

    Batches hold P labels with K items of each (of recordings, windows). An encoder draws items of one label together
    (GE2E); a siamese network learns the probability of "same" on every pair that a batch can form. After each epoch
    the equal error rate on all pairs of the validation labels, which are never trained on, is taken; the best epoch is
    kept, and the threshold is fitted on them. Several sources are several corpora: a batch stays within one.

    With --media text, a CSV file has the columns text and label; or pairs in sentence1 and sentence2, with a graded
    score, whose order is learnt (the best epoch is that of the highest rank correlation), or with same, 1 or 0.

    With --roles, things of two kinds learn what belongs together, from CSV files with a column for each role; rows of
    one `label`, where there is one, belong together too. The word of a sound may be its `label`, or name its folder.

    \b
    comparators train manifest.csv -o model.keras --label-column speaker --split train
    comparators train my_voices/ -o mine.keras --model speaker-encoder --learning-rate 1e-4 --epochs 5
    comparators train leaves/ -o leaves.keras --siamese --image-size 96
    comparators train pairs.csv -o sentences.keras --media text
    comparators train matches.csv -o digits.keras --roles image,audio --image-size 28 --grey
    comparators train sounds.csv -o sounds.keras --roles audio,word --words glove.txt
    comparators train captions.csv -o pictures.keras --roles image,text

    Exit status: 0 done; 1 done, files were left out; 2 wrong usage or input.
    """
    from comparators.command_line.output_files import check_output, save_model

    check_output(output, (".keras",))
    _refuse_what_is_of_no_use(roles, media, model_name, checkpoint is not None or (words is not None and not bi_lstm))
    import_keras()
    from comparators.command_line.fitting import Fit
    from comparators.command_line.inputs import Sources

    named, sizes = Sources(sources, label_column, split, media), (embedding_dim, image_size, grey)
    how = Fit(
        epochs,
        learning_rate or (_LEARNING_RATE if checkpoint is None else _CHECKPOINT_LEARNING_RATE),
        batch_size,
        labels_per_batch,
        items_per_label,
        window_seconds,
        validation_fraction,
        target_far,
        seed,
    )
    if roles is not None:
        from comparators.command_line.match_training import train_matches
        from comparators.command_line.new_match_model import NewMatchModel

        new_matches = NewMatchModel(roles.split(","), words, tokenizer, window_seconds, *sizes)
        trained = train_matches(named, new_matches, model_name, how, quiet)
    elif media == "text":
        from comparators.command_line.new_text_model import NewTextModel
        from comparators.command_line.text_pairs import pair_kind
        from comparators.command_line.text_training import train_texts

        kind = pair_kind(sources)
        if kind is None:
            options.refuse("with labelled texts", "batch_size")
        else:
            options.refuse("with pairs of texts", "labels_per_batch", "items_per_label", "label_column")
        new_texts = NewTextModel(siamese, bi_lstm, words, tokenizer, checkpoint, embedding_dim)
        trained = train_texts(named, kind, new_texts, model_name, how, quiet)
    else:
        from comparators.command_line.training import NewModel, train_files

        trained = train_files(named, NewModel(siamese, channels, *sizes), model_name, how, quiet)
    save_model(trained.model, output)
    threshold, fingerprint = trained.model.threshold, trained.model.fingerprint
    if as_json:
        threshold = None if threshold is None else threshold.to_dict()
        document = {"output": str(output), "history": trained.history, "threshold": threshold}
        print_json({**document, "fingerprint": fingerprint})
    else:
        click.echo(f"{output}: trained on {trained.size}, model {fingerprint}")
        none = "none, fit one on what is the same and what is not: `comparators evaluate ... -o`"
        click.echo(f"threshold: {threshold or none}")
    return 1 if trained.num_left_out else 0


def _refuse_what_is_of_no_use(roles: str | None, media: str | None, model_name: str | None, has_size: bool) -> None:
    beginnings = ("words", "tokenizer", "checkpoint", "bi_lstm")
    if roles is not None:
        own = ("siamese", "labels_per_batch", "items_per_label", "channels", "media", "checkpoint", "bi_lstm")
        options.refuse("with --roles", *own)
    elif media == "text":
        options.refuse("with --media text", "window_seconds", "channels", "image_size", "grey")
        if model_name is not None:
            options.refuse("with --model, which has its own network", "siamese", *beginnings)
        elif has_size:
            options.refuse("with what --words or --checkpoint begin with, which has its own size", "embedding_dim")
    else:
        options.refuse("without --roles or --media text", *beginnings, "batch_size")
