"""`comparators verify`: are two recordings of one voice, two images of one thing, two texts of one meaning?"""

import os

import click

from comparators.command_line import options
from comparators.command_line.report import print_json


@click.command(short_help="Decide whether two recordings, images or texts are alike.")
@click.argument("a")
@click.argument("b")
@options.model
@options.role
@click.option("--threshold", type=float, metavar="SCORE", help="Decide at this score instead of the model's threshold.")
@options.json
def verify(a: str, b: str, model_name: str, role: str | None, threshold: float | None, as_json: bool) -> int:
    """Decide whether the recordings A and B are of one voice, or whatever the model tells apart: images, texts.

    Prints the answer, the score, the calibrated probability, and the threshold with where it comes from. Too little
    speech gives no decision. A text may be in a .txt file.

    \b
    comparators verify a.wav b.wav
    comparators verify a.wav b.mp3 --model model.keras --json
    comparators verify a.wav b.wav --threshold 0.4 && echo same
    comparators verify a.png b.png --model character-encoder
    comparators verify seven.png seven.wav --model two-roles.keras
    comparators verify "a dog runs" "a dog is running" --model sentences.keras

    Exit status: 0 same; 1 different, or no decision; 2 wrong usage or input.
    """
    from comparators.command_line.inputs import (
        as_file_model,
        encoder_of_role,
        has_two_roles,
        is_text_model,
        load_any_model,
    )
    from comparators.generators.media_folder import MEDIA_NAMES, media_of
    from comparators.generators.readable_file import check_readable_file

    for path in (a, b):
        if media_of(path) is not None or os.path.exists(path):  # else it may be a word
            check_readable_file(path, MEDIA_NAMES[media_of(path) or "audio"])
    model, pair = load_any_model(model_name), (a, b)
    if role is None and has_two_roles(model):
        from comparators.command_line.searching import read_pair

        pair = read_pair(model, a, b)
    elif is_text_model(encoder_of_role(model, model_name, role)):
        from comparators.command_line.searching import read_query

        model = encoder_of_role(model, model_name, role)
        pair = [read_query(model, text) for text in pair]
    else:
        model = as_file_model(model, model_name, pair, role)
    if threshold is not None:
        from comparators.recognition.threshold import Threshold

        model.threshold = Threshold(threshold, "given on the command line")
    answer = model.verify(*pair)
    if as_json:
        print_json({"a": a, "b": b, "model": model_name, **answer.to_dict()})
    else:
        click.echo(str(answer))
    return 0 if answer.decision is True else 1
