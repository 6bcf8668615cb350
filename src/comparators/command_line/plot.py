"""`comparators plot`: a picture of the embedding space."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.report import counted, print_json


@click.command(short_help="Draw the embeddings of recordings, images or texts in the plane.")
@options.sources
@options.output("Picture to write.", "space.png")
@options.model
@options.role
@options.projection
@options.label_column
@options.split
@options.media
@options.seed
@options.json
@options.quiet
def plot(
    sources: tuple[str, ...],
    output: Path,
    model_name: str,
    role: str | None,
    projection: str,
    label_column: str | None,
    split: str | None,
    media: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Draw the recordings, images or texts in SOURCE (folders, CSV or .txt files) in the plane, coloured by label.

    What lies close together is alike for the model. Files that cannot be read are told on stderr and skipped.

    \b
    comparators plot recordings/ -o space.png
    comparators plot digits/ -o digits.png --model digit-encoder --projection pca
    comparators plot texts.csv -o texts.png --model sentences.keras

    Exit status: 0 done; 1 done, files were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.embedding import embed_table
    from comparators.command_line.inputs import load_any_model, with_sources
    from comparators.command_line.output_files import PICTURES, check_output, save_scatter

    check_output(output, PICTURES)
    model, manifest = with_sources(load_any_model(model_name), model_name, role, sources, label_column, split, media)
    table, failures = embed_table(model, manifest, quiet)
    labels = ["all"] * len(table) if table.labels is None else table.labels
    size = counted(len(table), model.item_name)
    save_scatter(table, labels, output, projection, seed, f"{size}, {model_name}")
    if as_json:
        print_json({"output": str(output), f"{model.item_name}s": len(table), "failures": failures})
    else:
        click.echo(f"{output}: {size} of {counted(len(set(labels)), 'label')}")
    return 1 if failures else 0
