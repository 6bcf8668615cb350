"""`comparators recognize`: who is it, or nobody known?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comparators.command_line import options
from comparators.command_line.report import note, print_json, text_table

if TYPE_CHECKING:
    from comparators.models.audio_encoder import AudioEncoder
    from comparators.recognition.gallery import Gallery


@click.command(short_help="Say whose voice recordings are of, or that it is unknown.")
@options.gallery
@options.files
@options.model
@click.option("--threshold", type=float, metavar="SCORE", help="Below this score a voice is unknown.")
@options.target_far
@click.option("-k", type=click.IntRange(min=1), default=5, show_default=True, help="How many enrolled recordings vote.")
@options.json
@options.quiet
def recognize(
    gallery_path: Path,
    files: tuple[str, ...],
    model_name: str,
    threshold: float | None,
    target_far: float | None,
    k: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say whose voice each of FILES is of, among those enrolled in GALLERY, or "unknown".

    The score is the similarity to the most similar enrolled recording; below the threshold a voice is unknown. Without
    a threshold of its own the gallery's is fitted on what is enrolled: each name is left out in turn. While that is too
    little (one name, or one recording of each), the model's threshold is used, with a warning.

    \b
    comparators recognize team.gallery meeting.wav voicemail.mp3
    comparators recognize team.gallery new/*.wav --target-far 0.01 --json
    comparators gallery fit-threshold team.gallery --target-far 0.01

    Exit status: 0 done, whoever it is; 1 done, files were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.recordings import embed_table, load_audio_encoder, named_files
    from comparators.recognition.gallery import Gallery

    model = load_audio_encoder(model_name)
    gallery = Gallery.load(gallery_path, model.fingerprint)
    _choose_threshold(gallery, model, threshold, target_far)
    table, failures = embed_table(model, named_files(files), quiet)
    answers = gallery.recognize(table, k=k)
    given = {os.path.abspath(file): file for file in files}
    answers.insert(0, "file", [given[path] for path in table.metadata["path"]])
    answers["speech_seconds"] = table.metadata["speech_seconds"]
    answers["short"] = answers["speech_seconds"] < gallery.minimum_speech_seconds
    used = gallery.threshold or gallery.recognizer(k).threshold_
    if as_json:
        told = None if used is None else used.to_dict()
        rows = answers.drop(columns="threshold").to_dict("records")
        print_json({"gallery": str(gallery_path), "threshold": told, "recordings": rows, "failures": failures})
    else:
        columns = ["file", "label", "score", "threshold", "nearest_label", "speech_seconds"]
        click.echo(text_table([name.replace("_", " ") for name in columns], answers[columns].values.tolist()))
        click.echo(f"threshold: {used or 'none'}")
        for file in answers["file"][answers["short"]]:
            note(f"warning: '{file}' has too little speech to tell who it is, the answer is a guess")
    return 1 if failures else 0


def _choose_threshold(gallery: "Gallery", model: "AudioEncoder", given: float | None, target_far: float | None) -> None:
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
