"""Options and arguments that several commands share, so that they are named and explained alike."""

from pathlib import Path

import click
from click.core import ParameterSource

model = click.option(
    "--model",
    "model_name",
    default="speaker-encoder",
    show_default=True,
    metavar="NAME_OR_PATH",
    help="A shipped model's name, or the path of a .keras file.",
)
sources = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
gallery = click.argument("gallery_path", metavar="GALLERY", type=click.Path(dir_okay=False, path_type=Path))
files = click.argument("files", nargs=-1, required=True, metavar="FILES...")
role = click.option(
    "--role", metavar="NAME", help="Of a model of two roles, the one to use, such as audio, image or word."
)
label_column = click.option(
    "--label-column", metavar="NAME", help="Column with the labels.  [default: label, else speaker]"
)
split = click.option(
    "--split", metavar="NAME", help="Take the rows with this value in the column `split`.  [default: all]"
)
media = click.option(
    "--media",
    type=click.Choice(["audio", "image"]),
    help="Which files of a folder to take.  [default: the one kind that there is]",
)
json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout instead of text.")
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all random draws.")
projection = click.option(
    "--projection",
    type=click.Choice(["umap", "tsne", "pca"]),
    default="umap",
    show_default=True,
    help="How the space is drawn in the plane; a first call of umap takes half a minute, pca none.",
)
target_far = click.option(
    "--target-far",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Fit the threshold so that at most this share of different pairs is accepted.",
)


workers = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Threads that read files ahead."
)
max_failed = click.option(
    "--max-failed",
    "max_failed_share",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Of the clips, how many may be unreadable (others take their places) before the training stops.",
)
accumulate = click.option(
    "--accumulate",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="BATCHES",
    help="Whose gradients are averaged for one step: a larger batch in the same memory.",
)
mixed_precision = click.option(
    "--mixed-precision", is_flag=True, help="Compute in bfloat16, for hardware that has it; the file is in float32."
)
validation = click.option(
    "--validation",
    metavar="SOURCE",
    help="Clips to measure on.  [default: a share of MANIFEST, see --validation-fraction]",
)
validation_fraction = click.option(
    "--validation-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the clips kept out of training, to measure on.",
)


def refuse(when: str, *names: str) -> None:
    """Raises a UsageError for options that were given and would be of no effect.

    Args:
        when: under which circumstance, such as "with --roles".
        names: of the parameters.
    """
    context = click.get_current_context()
    given = [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"{options} is of no use {when}. Leave it out.")


def output(help: str, example: str):
    """Returns the option -o for a file that the command writes.

    Args:
        help: what is written.
        example: name of such a file, shown in the help text.
    """
    return click.option(
        "-o", "--output", required=True, metavar=example, type=click.Path(dir_okay=False, path_type=Path), help=help
    )
