"""`comparators enroll`: learns a voice from a few recordings."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.report import counted, note, print_json


@click.command(short_help="Enrol recordings of a voice in a gallery.")
@options.gallery
@click.argument("name")
@options.files
@options.model
@options.role
@options.json
@options.quiet
def enroll(
    gallery_path: Path, name: str, files: tuple[str, ...], model_name: str, role: str | None, as_json: bool, quiet: bool
) -> int:
    """Enrol the recordings FILES under NAME in the file GALLERY, which is made where there is none.

    Three recordings of some seconds are a good start; several rooms and days are better than one. A gallery belongs to
    the model that made it. Recordings with too little speech are refused, they would be like anybody; those enrolled
    already are left as they are.

    \b
    comparators enroll team.gallery anna anna1.wav anna2.wav anna3.wav
    comparators enroll team.gallery ben ben/*.mp3
    comparators gallery list team.gallery

    Exit status: 0 done; 1 done, recordings were refused; 2 wrong usage or input, the gallery is as it was.
    """
    from comparators.command_line.embedding import embed_table
    from comparators.command_line.inputs import load_model, named_files
    from comparators.command_line.output_files import check_output
    from comparators.recognition.gallery import Gallery

    check_output(gallery_path)
    model = load_model(model_name, files, role)
    least = model.minimum_speech_seconds if model.media == "audio" else 0.0
    empty = Gallery(model.fingerprint, model.embedding_dim, model.scorer, least)
    gallery = Gallery.load(gallery_path, model.fingerprint) if gallery_path.exists() else empty
    label = like_labels_of(gallery, name)
    table, failures = embed_table(model, named_files(files), quiet)
    paths = table.metadata["path"].to_numpy()
    seconds = table.metadata.get("speech_seconds", [None] * len(table))
    enrolled, refused = [], dict(failures)
    with Gallery.editing(gallery_path, model.fingerprint, new=empty) as gallery:
        label_of = (
            dict(zip(gallery.table.ids.tolist(), gallery.table.labels.tolist(), strict=True)) if len(gallery) else {}
        )
        for path, vector, speech in zip(paths, table.vectors, seconds, strict=True):
            problem = _problem(path, speech, label_of.get(path), label, gallery.minimum_speech_seconds)
            if problem is not None:
                refused[path] = problem
                note(f"refused: {problem}")
            elif path not in label_of:
                enrolled += gallery.enroll(label, vector, ids=[path], speech_seconds=speech)
        if label not in gallery:
            raise ValueError(f"No {model.item_name} of '{name}' can be enrolled, for the reasons above. Name others.")
    if as_json:
        print_json({"gallery": str(gallery_path), "name": label, "enrolled": enrolled, "refused": refused})
    else:
        size = f"{counted(len(gallery.labels), 'name')}, {counted(len(gallery), model.item_name)} in all"
        click.echo(f"{gallery_path}: {counted(len(enrolled), model.item_name)} of '{name}' enrolled ({size})")
    return 1 if refused else 0


def like_labels_of(gallery, name: str) -> str | int:
    """Takes a name as a number in a gallery whose labels are numbers, which Python programs may make.

    Raises:
        ValueError: if it is none there.
    """
    if not gallery.labels or isinstance(gallery.labels[0], str):
        return name
    try:
        return int(name)
    except ValueError:
        raise ValueError(f"The gallery's names are whole numbers. Received: '{name}'. Give a number.") from None


def _problem(
    path: str, seconds: float | None, enrolled_as: str | int | None, label: str | int, minimum: float
) -> str | None:
    if enrolled_as not in (None, label):
        return f"'{path}' is enrolled already, as '{enrolled_as}'. Relabel or remove it first (`comparators gallery`)."
    if seconds is not None and seconds < minimum:
        return f"{seconds:.2f} s of speech in '{path}', at least {minimum:.2f} s are needed. Name a longer recording."
    return None
