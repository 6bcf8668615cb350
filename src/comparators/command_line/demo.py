"""`comparators demo`: the whole way once, on the bundled recordings."""

import time
from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.report import note, print_json, text_table


@click.command(short_help="Verify, recognise and cluster the bundled recordings.")
@click.option(
    "-o",
    "--output",
    "folder",
    default="comparators-demo",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for pictures and tables.",
)
@options.projection
@options.model
@options.json
@options.quiet
def demo(folder: Path, projection: str, model_name: str, as_json: bool, quiet: bool) -> None:
    """Verify, recognise and cluster the bundled recordings: 24 synthetic voices, 6 sentences each.

    Writes pictures (.png) and a table (.csv) for each step, and prints the figures. Takes about a minute, most of it
    for the map of the space. The voices are made by a speech synthesiser: they show that everything works; real voices
    differ. The code is a page to learn from, in `comparators/demo.py`.

    \b
    comparators demo
    comparators demo -o pictures --projection pca
    """
    start = time.perf_counter()
    from comparators.demo import run_demo

    steps = run_demo(model_name, folder, projection, tell=lambda message: None if quiet else note(f"{message} ..."))
    if as_json:
        print_json({"output": str(folder), "steps": [step._asdict() for step in steps]})
        return
    rows = [(step.step, step.result, f"{step.seconds:7.1f}") for step in steps]
    rows.append(("all", f"pictures and tables are in {folder}/", f"{time.perf_counter() - start:7.1f}"))
    click.echo(text_table(["step", "result", "seconds"], rows))
    for step in steps:
        if "threshold" in step.figures:
            click.echo(f"threshold to {step.step}: {_threshold(step.figures)}")
    click.echo("A threshold belongs to the data that it was fitted on; for yours see `comparators evaluate --help`.")


def _threshold(figures: dict) -> str:
    text = f"{figures['threshold']:.3f} ({figures['threshold_origin']})"
    if "false_accept_rate" in figures:
        accepts, rejects = 100 * figures["false_accept_rate"], 100 * figures["false_reject_rate"]
        text += f"; on these voices {accepts:.1f} % false accepts, {rejects:.1f} % false rejects"
    return text
