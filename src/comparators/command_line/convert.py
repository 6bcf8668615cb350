"""`comparators convert`: published weights to one .keras file."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.quiet_keras import import_keras
from comparators.command_line.report import print_json


@click.command(short_help="Convert the published GE2E weights to a .keras file.")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@options.output("Model to write.", "model.keras")
@options.json
def convert(path: Path, output: Path, as_json: bool) -> None:
    """Convert PATH, the `pretrained.pt` that the Resemblyzer package ships, to a model of this program.

    PyTorch is not needed. The model has no threshold: fit one on recordings of yours with `comparators evaluate`.

    \b
    comparators convert pretrained.pt -o ge2e.keras
    comparators evaluate ge2e.keras my_voices/ --target-far 0.01 -o ge2e.keras
    comparators verify a.wav b.wav --model ge2e.keras
    """
    from comparators.command_line.output_files import check_output, save_model

    import_keras()
    from comparators.models.audio_encoder import AudioEncoder

    check_output(output, (".keras",))
    model = AudioEncoder.from_resemblyzer(path)
    save_model(model, output)
    if as_json:
        print_json({"output": str(output), "embedding_dim": model.embedding_dim, "fingerprint": model.fingerprint})
    else:
        click.echo(f"{output}: {model.embedding_dim} values an embedding, model {model.fingerprint}")
