"""`comparators pretrain`: sounds and images that belong together, learnt without labels."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import counted, print_json

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Train CAV-MAE on sounds and images that belong together, without labels.")
@click.argument("manifest", metavar="MANIFEST")
@options.output("Model to write.", "model.keras")
@click.option(
    "--size",
    type=click.Choice(["tiny", "small", "base"]),
    default="small",
    show_default=True,
    help="Of a new network; base is the published one, of 10 s and 224 x 224 pixels.",
)
@click.option("--frames", type=click.IntRange(min=1), help="Of a spectrogram, 100 a second.  [default: 64, 96, 1024]")
@click.option("--image-size", type=click.IntRange(min=1), help="Pixels of a side.  [default: 28, 28, 224]")
@click.option("--grey", is_flag=True, help="Images of one channel.  [default: colour]")
@click.option("--vanilla", is_flag=True, help="One encoder for both together: the vanilla AV-MAE, without contrast.")
@click.option(
    "--own-statistics", is_flag=True, help="Normalise sounds by mean and deviation of MANIFEST's, not AudioSet's."
)
@click.option("--model", "model_name", metavar="NAME_OR_PATH", help="Go on from this model.  [default: a new one]")
@click.option("--image-mae", type=_FILE, help="Begin with the weights of a masked autoencoder of images (MAE).")
@click.option("--checkpoint", type=_FILE, help="Begin with the weights of a published CAV-MAE.")
@click.option("--reconstruction-weight", type=click.FloatRange(min=0), default=1.0, show_default=True)
@click.option("--contrastive-weight", type=click.FloatRange(min=0), default=0.01, show_default=True)
@click.option(
    "--norm-pix/--plain-pix",
    default=True,
    show_default=True,
    help="Reconstruct patches without their level and contrast, or as they are (which inpainting needs).",
)
@click.option(
    "--mask-mode",
    type=click.Choice(["unstructured", "time", "freq", "tf"]),
    default="unstructured",
    show_default=True,
    help="Which patches of a sound are hidden.",
)
@click.option(
    "--mask-ratio", type=click.FloatRange(0, 1, max_open=True), default=0.75, show_default=True, help="How many."
)
@click.option("--augment/--plain", default=True, show_default=True, help="Noise and shifts of spectrograms.")
@click.option("--epochs", type=click.IntRange(min=1), default=25, show_default=True, help="Passes over the clips.")
@click.option("--batch-size", type=click.IntRange(min=2), default=48, show_default=True, help="Clips of a batch.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=5e-5, show_default=True)
@options.accumulate
@options.mixed_precision
@options.validation
@options.validation_fraction
@options.max_failed
@options.workers
@options.split
@options.seed
@options.json
@options.quiet
def pretrain(
    manifest: str,
    output: Path,
    size: str,
    frames: int | None,
    image_size: int | None,
    grey: bool,
    vanilla: bool,
    own_statistics: bool,
    model_name: str | None,
    image_mae: Path | None,
    checkpoint: Path | None,
    reconstruction_weight: float,
    contrastive_weight: float,
    norm_pix: bool,
    mask_mode: str,
    mask_ratio: float,
    augment: bool,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    accumulate: int,
    mixed_precision: bool,
    validation: str | None,
    validation_fraction: float,
    max_failed_share: float,
    workers: int,
    split: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train a CAV-MAE to reconstruct hidden patches of sounds and images, and to know which belong together.

    MANIFEST is what `comparators extract-video` writes, another JSON manifest of AST and CAV-MAE, or a CSV file with
    the columns `audio` and `image`. Labels are not looked at. `--contrastive-weight 0` makes it an AV-MAE,
    `--reconstruction-weight 0` a CAV. The learning rate is halved after two fifths of the epochs, and after every fifth
    from there on; the last epoch is kept. Prints how well sounds and images of the validation clips find each other.

    A training that was stopped goes on, to the same losses, when it is started again: the last epoch is in a folder
    beside the output until that is written.

    \b
    comparators extract-video clips/ -o extracted/
    comparators pretrain extracted/manifest.json -o cavmae.keras --size base --image-mae mae_vit_base.pth --workers 8
    comparators pretrain pairs.csv -o digits.keras --grey --epochs 100 --learning-rate 1e-3 --contrastive-weight 0.1
    comparators search digits.keras seven.wav pairs.csv

    Exit status: 0 done; 1 done, clips were replaced by others; 2 wrong usage or input.
    """
    from comparators.command_line.output_files import check_output, save_model

    check_output(output, (".keras",))
    settings = click.get_current_context().params
    if model_name is not None:
        of_new = ("size", "frames", "image_size", "grey", "vanilla", "own_statistics", "image_mae", "checkpoint")
        options.refuse("with --model", *of_new)
    if checkpoint is not None:
        options.refuse("with --checkpoint", "image_mae")
    if size == "base":
        options.refuse("with --size base", "frames", "image_size", "grey")
    if vanilla:
        options.refuse("with --vanilla", "contrastive_weight")
        contrastive_weight = 0.0
    import_keras()
    from comparators.command_line.clip_training import ClipSources
    from comparators.command_line.match_evaluation import matches_as_text
    from comparators.command_line.pretraining import NewClipModel, Pretraining, pretrain_clips
    from comparators.command_line.training_backup import TrainingBackup
    from comparators.custom_layers.cavmae_objective import CAVMAEObjective

    backup = TrainingBackup(output, settings)
    objective = CAVMAEObjective(reconstruction_weight, contrastive_weight, norm_pix)
    start = (model_name, image_mae, checkpoint)
    shape = (size, frames, image_size, grey, vanilla, own_statistics)
    new = NewClipModel(*shape, *start, objective, mask_mode, mask_ratio, augment)
    how = Pretraining(**{name: settings[name] for name in Pretraining._fields})
    sources = ClipSources(manifest, validation, validation_fraction, None, split)
    trained = pretrain_clips(sources, new, how, backup, quiet)
    save_model(trained.model, output)
    backup.remove()
    if as_json:
        print_json(
            {
                "output": str(output),
                "history": trained.history,
                "validation": trained.figures,
                "fingerprint": trained.model.fingerprint,
                "failures": trained.failures,
            }
        )
    else:
        click.echo(f"{output}: trained on {counted(trained.size, 'clip')}, model {trained.model.fingerprint}")
        if trained.figures is not None:
            click.echo(matches_as_text(trained.figures, None))
    return 1 if trained.failures else 0
