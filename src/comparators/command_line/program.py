"""The program: its commands, its exit statuses, and the one place where errors become messages."""

import os
import sys
import warnings

import click

from comparators import __version__
from comparators.command_line.cluster import cluster
from comparators.command_line.convert import convert
from comparators.command_line.crossvalidate import crossvalidate
from comparators.command_line.demo import demo
from comparators.command_line.embed import embed
from comparators.command_line.enroll import enroll
from comparators.command_line.evaluate import evaluate
from comparators.command_line.extract_video import extract_video
from comparators.command_line.finetune import finetune
from comparators.command_line.gallery import gallery
from comparators.command_line.plot import plot
from comparators.command_line.pretrain import pretrain
from comparators.command_line.recognize import recognize
from comparators.command_line.report import note
from comparators.command_line.search import search
from comparators.command_line.train import train
from comparators.command_line.verify import verify

_INTERRUPTED = 130


class InputError(click.ClickException):
    """Bad input: told in one line on stderr, exit status 2."""

    exit_code = 2

    def show(self, file=None) -> None:
        note(self.message)


class Program(click.Group):
    """A group of commands that return their exit status, and never end with a traceback on bad input."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, context: click.Context) -> None:
        os.environ.setdefault("MPLBACKEND", "Agg")
        with warnings.catch_warnings():
            _show_only_our_warnings()
            try:
                status = super().invoke(context)
            except KeyboardInterrupt:
                note("interrupted")
                status = _INTERRUPTED
            except (ValueError, OSError, ImportError, KeyError) as error:
                raise InputError(_message(error)) from error
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as error:
                if os.environ.get("COMPARATORS_TRACEBACK"):
                    raise
                where = "Set COMPARATORS_TRACEBACK=1 to see where, and please report it."
                raise InputError(f"unexpected {type(error).__name__}: {error}. {where}") from error
        context.exit(status or 0)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="comparators")
def main() -> None:
    """Similarity learning: verify, search, cluster and draw recordings, images or texts, and train your own network.

    \b
    comparators demo                                    the whole way once, on bundled recordings
    comparators verify a.wav b.wav                      one voice or two?
    comparators search model.keras query.png sounds/    which are most like it?
    comparators search model.keras "a dog" texts.csv    and of these?
    comparators enroll team.gallery anna anna*.wav      learn a voice
    comparators recognize team.gallery meeting.wav      who is it, or nobody known?
    comparators cluster recordings/ -o clusters.csv     who is who, without labels

    Recordings are WAV, FLAC, OGG or MP3 of any rate and channel count; images PNG, JPEG, WebP, BMP, GIF or TIFF. A
    SOURCE is a folder (its sub-folders are the labels), or a CSV file with a column `path` and, where they are known,
    `label` or `speaker`; of texts, a CSV file with a column `text`, or a .txt file of lines. The default model is of
    voices: name one of images or texts with --model.

    Exit status: 0 done; 1 done, but a file was refused or skipped (`verify`: different, or no decision);
    2 wrong usage or input that cannot be used, with nothing written; 130 interrupted.
    """


for command in (
    demo,
    verify,
    search,
    embed,
    enroll,
    recognize,
    gallery,
    cluster,
    plot,
    train,
    pretrain,
    finetune,
    evaluate,
    crossvalidate,
    convert,
    extract_video,
):
    main.add_command(command)


def _show_only_our_warnings() -> None:
    def show(message, category, filename, lineno, file=None, line=None) -> None:
        note(f"warning: {message}")

    warnings.showwarning = show
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=UserWarning, module=r"comparators\.")


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: '{error.filename}'" if error.filename else error.strerror
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
