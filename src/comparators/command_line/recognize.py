"""`comparators recognize`: who is it, or nobody known?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comparators.command_line import options
from comparators.command_line.report import note, print_json, text_table

if TYPE_CHECKING:
    from comparators.models.comparator import Comparator
    from comparators.recognition.gallery import Gallery


@click.command(short_help="Say which enrolled label files are of, or that it is unknown.")
@options.gallery
@options.files
@options.model
@options.role
@click.option("--threshold", type=float, metavar="SCORE", help="Below this score a voice is unknown.")
@options.target_far
@click.option("-k", type=click.IntRange(min=1), default=5, show_default=True, help="How many enrolled items vote.")
@options.json
@options.quiet
def recognize(
    gallery_path: Path,
    files: tuple[str, ...],
    model_name: str,
    role: str | None,
    threshold: float | None,
    target_far: float | None,
    k: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say whose voice (or which label's image) each of FILES is, among those enrolled in GALLERY, or "unknown".
    Of a folder, all files in it and below are asked about.

    The score is the similarity to the most similar enrolled item; below the threshold the label is unknown. Without
    a threshold of its own the gallery's is fitted on what is enrolled: each name is left out in turn. While that is too
    little (one name, or one item of each), the model's threshold is used, with a warning.

    \b
    comparators recognize team.gallery meeting.wav voicemail.mp3
    comparators recognize team.gallery new/*.wav --target-far 0.01 --json
    comparators gallery fit-threshold team.gallery --target-far 0.01
    comparators recognize letters.gallery scans/ --model character-encoder

    Exit status: 0 done, whoever it is; 1 done, files were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.embedding import embed_table
    from comparators.command_line.inputs import load_model, named_files, with_folders_listed
    from comparators.recognition.gallery import Gallery

    model = load_model(model_name, files, role)
    files = with_folders_listed(files, model.media)
    gallery = Gallery.load(gallery_path, model.fingerprint)
    _choose_threshold(gallery, model, threshold, target_far)
    table, failures = embed_table(model, named_files(files), quiet)
    answers = gallery.recognize(table, k=k)
    given = {os.path.abspath(file): file for file in files}
    answers.insert(0, "file", [given[path] for path in table.metadata["path"]])
    columns = ["file", "label", "score", "threshold", "nearest_label"]
    if model.media == "audio":
        columns.append("speech_seconds")
        answers["speech_seconds"] = table.metadata["speech_seconds"]
        answers["short"] = answers["speech_seconds"] < gallery.minimum_speech_seconds
    used = gallery.threshold or gallery.recognizer(k).threshold_
    if as_json:
        told = None if used is None else used.to_dict()
        rows = answers.drop(columns="threshold").to_dict("records")
        print_json({"gallery": str(gallery_path), "threshold": told, f"{model.item_name}s": rows, "failures": failures})
    else:
        click.echo(text_table([name.replace("_", " ") for name in columns], answers[columns].values.tolist()))
        click.echo(f"threshold: {used or 'none'}")
        for file in answers["file"][answers["short"]] if "short" in answers else ():
            note(f"warning: '{file}' has too little speech to tell who it is, the answer is a guess")
    return 1 if failures else 0


def _choose_threshold(gallery: "Gallery", model: "Comparator", given: float | None, target_far: float | None) -> None:
    if given is not None:
        from comparators.recognition.threshold import Threshold

        gallery.threshold = Threshold(given, "given on the command line")
    elif target_far is not None:
        try:
            gallery.fit_threshold(target_fpir=target_far)
        except ValueError as error:
            raise ValueError(f"{error} That is: enrol more voices and recordings, or give --threshold.") from error
    elif gallery.threshold is None and len(gallery) and not _can_fit(gallery):
        gallery.threshold, gallery.calibration = model.threshold, model.calibration
        if model.threshold is not None:
            note(
                "warning: the gallery is too small to fit a threshold (it takes two names, and two recordings of one), "
                f"so the model's is used, which may not suit these voices: {model.threshold}"
            )


def _can_fit(gallery: "Gallery") -> bool:
    return 1 < len(gallery.labels) < len(gallery)
