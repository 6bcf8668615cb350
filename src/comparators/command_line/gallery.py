"""`comparators gallery`: what is enrolled, and changes to it. None of it needs a model."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.enroll import like_labels_of
from comparators.command_line.report import counted, print_json, text_table


@click.group(short_help="List, remove, relabel and merge what is enrolled.")
def gallery() -> None:
    """Look after a gallery: what is enrolled, and changes to it.

    \b
    comparators gallery list team.gallery
    comparators gallery relabel team.gallery anna "Anna Berg"
    """


@gallery.command("list")
@options.gallery
@options.json
def list_items(gallery_path: Path, as_json: bool) -> None:
    """List the names and items that are enrolled in GALLERY, and its threshold.

    \b
    comparators gallery list team.gallery
    comparators gallery list team.gallery --json
    """
    from comparators.recognition.gallery import Gallery

    opened = Gallery.load(gallery_path)
    items = opened.list_items() if len(opened) else None
    rows = [] if items is None else items.sort_values(["label", "id"]).to_dict("records")
    if as_json:
        threshold = None if opened.threshold is None else opened.threshold.to_dict()
        print_json({"fingerprint": opened.fingerprint, "threshold": threshold, "items": rows})
        return
    if rows:
        cells = [(row["label"], row.get("speech_seconds"), row["id"]) for row in rows]
        click.echo(text_table(["name", "speech seconds", "item"], cells) + "\n")
    click.echo(f"{counted(len(opened.labels), 'name')}, {counted(len(opened), 'item')}, model {opened.fingerprint}")
    click.echo(f"threshold: {opened.threshold or 'fitted on what is enrolled when it is asked'}")


@gallery.command()
@options.gallery
@click.argument("name")
@click.option("--item", is_flag=True, help="NAME is one item, as `list` names it, in place of a name.")
def remove(gallery_path: Path, name: str, item: bool) -> None:
    """Remove NAME with all its items from GALLERY, and nothing else.

    \b
    comparators gallery remove team.gallery anna
    comparators gallery remove team.gallery --item /data/anna/3.wav
    """
    from comparators.recognition.gallery import Gallery

    with Gallery.editing(gallery_path) as opened:
        if item:
            opened.remove_item(name)
        number = 1 if item else opened.remove(like_labels_of(opened, name))
    click.echo(f"{gallery_path}: {counted(number, 'item')} removed, {len(opened):,} left")


@gallery.command()
@options.gallery
@click.argument("old")
@click.argument("new")
def relabel(gallery_path: Path, old: str, new: str) -> None:
    """Give all items of OLD in GALLERY the name NEW; if NEW is there already, the two become one.

    \b
    comparators gallery relabel team.gallery anna "Anna Berg"
    """
    from comparators.recognition.gallery import Gallery

    with Gallery.editing(gallery_path) as opened:
        number = opened.relabel(like_labels_of(opened, old), like_labels_of(opened, new))
    click.echo(f"{gallery_path}: {counted(number, 'item')} of '{old}' now of '{new}'")


@gallery.command()
@options.gallery
@click.argument("other", type=click.Path(dir_okay=False, path_type=Path))
def merge(gallery_path: Path, other: Path) -> None:
    """Take over into GALLERY what is enrolled in OTHER, a gallery of the same model.

    \b
    comparators gallery merge team.gallery visitors.gallery
    """
    from comparators.recognition.gallery import Gallery

    added = Gallery.load(other)
    with Gallery.editing(gallery_path) as opened:
        number = opened.merge(added)
    click.echo(f"{gallery_path}: {counted(number, 'item')} added, {len(opened):,} in all")


@gallery.command("fit-threshold")
@options.gallery
@options.target_far
@options.json
def fit_threshold(gallery_path: Path, target_far: float | None, as_json: bool) -> None:
    """Fit the threshold on what is enrolled in GALLERY, and keep it there.

    Each name is left out in turn and asked about as unknown. Without --target-far as many unknown items are taken for
    known ones as the other way round. It takes two names, and two items of one.

    \b
    comparators gallery fit-threshold team.gallery --target-far 0.01
    """
    from comparators.recognition.gallery import Gallery

    with Gallery.editing(gallery_path) as opened:
        threshold = opened.fit_threshold(target_fpir=target_far)
    if as_json:
        print_json(threshold.to_dict())
    else:
        click.echo(f"{gallery_path}: threshold {threshold}")
