"""`comparators crossvalidate`: how well a network tells classes of sounds apart, fold by fold."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import note, print_json, text_table

if TYPE_CHECKING:
    import pandas as pd

    from comparators.recognition.cross_validation import CrossValidation


@click.command(short_help="Cross-validate a classifier of sounds over the folds of a data set.")
@click.argument("source", metavar="SOURCE")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="RESULTS",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results; a finished fold that is there already is not trained again.",
)
@click.option(
    "--model", "system", type=click.Choice(["cnn", "mel-cnn", "ast", "stem-ast"]), default="mel-cnn", show_default=True
)
@click.option("--augment/--plain", default=True, show_default=True, help="Noise, shifts, masks and mixup in training.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the clips.  [default: the network's own]")
@click.option("--esc10", is_flag=True, help="Of ESC-50, the ten classes of ESC-10 alone.")
@click.option(
    "--validation-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the training clips kept to choose the best epoch; 0 takes the last epoch.",
)
@options.seed
@options.json
@options.quiet
def crossvalidate(
    source: str,
    folder: Path,
    system: str,
    augment: bool,
    epochs: int | None,
    esc10: bool,
    validation_fraction: float,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train a network from scratch once for each fold of SOURCE, without it, and test on it.

    SOURCE is ESC-50's folder (`meta/esc50.csv`, `audio/`), a CSV file or a folder with a `manifest.csv` with columns
    path, label and fold, or a folder of clips named FOLD-CLIPID-TAKE-CLASS.wav. The test fold is used for nothing but
    the test: the best epoch is chosen on clips of the other folds, whole recordings at a time.

    Prints accuracy, and macro precision, recall and F1: their mean and standard deviation over the folds. RESULTS gets
    predictions.csv, measures.csv, summary.csv and confusion.png.

    \b
    comparators crossvalidate ESC-50/ -o results/ --model ast
    comparators crossvalidate ESC-50/ -o results10/ --esc10 --model cnn --plain
    """
    from comparators.generators.esc import read_esc

    table = read_esc(source, esc10)
    import_keras()
    found = _cross_validate(table, folder, system, augment, epochs, validation_fraction, seed, quiet)
    _save_picture(found, folder / "confusion.png")
    measures, summary = found.measures, found.summary
    if as_json:
        print_json(
            {
                "output": str(folder),
                "folds": measures.to_dict("records"),
                "summary": {
                    row["measure"]: {"mean": row["mean"], "std": row["std"]} for row in summary.to_dict("records")
                },
            }
        )
    else:
        click.echo(text_table(measures.columns, measures.values.tolist()))
        click.echo(text_table(summary.columns, summary.values.tolist()))
    return 0


def _cross_validate(
    table: "pd.DataFrame",
    folder: Path,
    name: str,
    augment: bool,
    epochs: int | None,
    validation_fraction: float,
    seed: int,
    quiet: bool,
) -> "CrossValidation":
    from dataclasses import replace

    import numpy as np

    from comparators.generators.audio_reader import AudioReader
    from comparators.generators.label_codes import label_codes
    from comparators.models.sound_system import SOUND_SYSTEMS
    from comparators.recognition.cross_validation import cross_validate

    system, (names, codes) = SOUND_SYSTEMS[name], label_codes(table["label"])
    training = replace(system.augmented if augment else system.plain, seed=seed)
    training = training if epochs is None else replace(training, epochs=epochs)
    reader = AudioReader(system.sample_rate)
    clips = [reader.read(path) for path in table["path"]]
    num_frames = system.num_frames(max(map(len, clips)))
    features = system.features(clips, num_frames)

    def fit(train: np.ndarray, validation: np.ndarray):
        held_out = (features[validation], codes[validation]) if len(validation) else None
        model = training.fit(lambda: system.network(num_frames, len(names)), features[train], codes[train], held_out)
        if not quiet:
            note(f"trained on {len(train)} clips, {len(validation)} for validation")
        return lambda rows: names[model.predict(features[rows], verbose=0).argmax(axis=1)]

    settings = f"{name}, {'augmented' if augment else 'plain'}, {training.epochs} epochs, {num_frames} frames"
    recordings = table.get("recording")
    return cross_validate(fit, table["label"], table["fold"], recordings, validation_fraction, folder, settings, seed)


def _save_picture(found: "CrossValidation", path: Path) -> None:
    import matplotlib.pyplot as plt

    from comparators.plots.confusion_matrix import confusion_matrix
    from comparators.recognition.atomic_file import replaced_file

    ax = confusion_matrix(found.predictions["label"], found.predictions["predicted"])
    with replaced_file(path) as file:
        ax.figure.savefig(file, format="png", dpi=120, bbox_inches="tight")
    plt.close(ax.figure)
