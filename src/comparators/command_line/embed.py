"""`comparators embed`: a table of embeddings of many recordings or images."""

import shutil
from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.report import counted, print_json


@click.command(short_help="Write the embeddings of many recordings, images or texts to a file.")
@options.sources
@options.output("Table to write: .npz, .csv or .parquet.", "embeddings.npz")
@options.model
@options.role
@click.option("--by-label", type=click.Choice(["mean", "medoid"]), help="One row a label instead of one a file.")
@options.label_column
@options.split
@options.media
@options.json
@options.quiet
def embed(
    sources: tuple[str, ...],
    output: Path,
    model_name: str,
    role: str | None,
    by_label: str | None,
    label_column: str | None,
    split: str | None,
    media: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the embeddings of the recordings or images in SOURCE (folders or CSV files) to one table.

    A run that was stopped goes on where it was when it is started again: finished rows are kept in a folder beside the
    output until that is written. Files that cannot be read are told on stderr and skipped.

    With a model of texts, SOURCE are CSV files with a column text, or .txt files with a text on each line. A text that
    comes several times is one row.

    \b
    comparators embed recordings/ -o embeddings.npz
    comparators embed manifest.csv -o embeddings.csv --label-column speaker --split test
    comparators embed manifest.csv -o voices.npz --by-label mean
    comparators embed scans/ -o scans.npz --model digit-encoder
    comparators embed matches.csv -o sounds.npz --model two-roles.keras --role audio
    comparators embed texts.csv -o texts.npz --model sentences.keras

    Exit status: 0 done; 1 done, files were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.embedding import embed_table
    from comparators.command_line.inputs import load_any_model, require_labels, with_sources
    from comparators.command_line.output_files import check_output
    from comparators.recognition.table_files import writer

    check_output(output)
    writer(output)
    model, manifest = with_sources(load_any_model(model_name), model_name, role, sources, label_column, split, media)
    if by_label:
        require_labels(manifest, "--by-label")
    parts = output.with_name(f"{output.name}.parts")
    table, failures = embed_table(model, manifest, quiet, store=parts)
    table = table.by_label(by_label) if by_label else table
    table.save(output)
    shutil.rmtree(parts, ignore_errors=True)
    if as_json:
        print_json(
            {
                "output": str(output),
                "rows": len(table),
                "embedding_dim": table.dim,
                "model": model_name,
                "fingerprint": table.fingerprint,
                "failures": failures,
            }
        )
    else:
        click.echo(f"{output}: {counted(len(table), 'row')} of {table.dim} values, model {table.fingerprint}")
    return 1 if failures else 0
