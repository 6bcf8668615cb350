"""`comparators convert`: published weights to one .keras file."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import print_json


@click.command(short_help="Convert published weights (GE2E, CAV-MAE) to a .keras file.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@options.output("Model to write.", "model.keras")
@click.option(
    "--kind",
    type=click.Choice(["ge2e", "cav-mae"]),
    default="ge2e",
    show_default=True,
    help="Whose weights: the voice encoder's, or those of a pre-trained CAV-MAE.",
)
@options.json
def convert(path: Path, output: Path, kind: str, as_json: bool) -> None:
    """Convert PATH to a model of this program: the `pretrained.pt` that the Resemblyzer package ships, or a CAV-MAE.

    PyTorch is not needed. The model has no threshold: fit one on recordings of yours with `comparators evaluate`.

    \b
    comparators convert pretrained.pt -o ge2e.keras
    comparators evaluate ge2e.keras my_voices/ --target-far 0.01 -o ge2e.keras
    comparators verify a.wav b.wav --model ge2e.keras
    comparators convert cav-mae-scale++.pth -o cavmae.keras --kind cav-mae
    comparators finetune train.json -o classifier.keras --model cavmae.keras
    """
    from comparators.command_line.output_files import check_output, save_model

    check_output(output, (".keras",))
    import_keras()
    if kind == "cav-mae":
        from comparators.models.cavmae import CAVMAE, FIXED_POSITIONS
        from comparators.models.convert import load_state

        model = CAVMAE.base()
        load_state(model, path, unused=FIXED_POSITIONS)
        embedding_dim = model.backbone.embedding_dim
    else:
        from comparators.models.audio_encoder import AudioEncoder

        model = AudioEncoder.from_resemblyzer(path)
        embedding_dim = model.embedding_dim
    save_model(model, output)
    if as_json:
        print_json({"output": str(output), "embedding_dim": embedding_dim, "fingerprint": model.fingerprint})
    else:
        click.echo(f"{output}: {embedding_dim} values an embedding, model {model.fingerprint}")
