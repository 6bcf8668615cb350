"""`comparators extract-video`: sound and frames of videos, in files."""

from pathlib import Path

import click

from comparators.command_line import options
from comparators.command_line.report import counted, note, print_json


@click.command("extract-video", short_help="Write sound and frames of videos, to train on them.")
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option(
    "-o", "--output", required=True, metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path), help="Folder."
)
@click.option("--frames", type=click.IntRange(min=1), default=10, show_default=True, help="Frames of each video.")
@click.option("--size", type=click.IntRange(min=1), default=224, show_default=True, help="Height and width of a frame.")
@click.option("--sample-rate", type=click.IntRange(min=1), default=16_000, show_default=True, help="Of the sound, Hz.")
@click.option("--workers", type=click.IntRange(min=1), help="Videos at a time.  [default: one for each core]")
@options.json
@options.quiet
def extract_video(
    videos: tuple[str, ...],
    output: Path,
    frames: int,
    size: int,
    sample_rate: int,
    workers: int | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the sound (mono) and evenly spaced frames of each VIDEO to FOLDER, and a manifest of them.

    VIDEO is a file, a folder (all videos in it and below), or a CSV file with the column `path` and, where they are
    known, `labels`. Decodes with ffmpeg where it is installed, else with PyAV (`pip install comparators[video]`). A
    run that was stopped goes on where it was. Other videos join those that are in FOLDER already, and changed ones are
    extracted again; other settings need another FOLDER. Videos that cannot be read are told on stderr and left out.

    \b
    comparators extract-video clips/ -o extracted/
    comparators extract-video clips.csv -o extracted/ --frames 10 --size 224 --workers 8

    Exit status: 0 done; 1 done, videos were skipped; 2 wrong usage or input.
    """
    from comparators.command_line.video_files import list_videos
    from comparators.generators.video_extraction import MANIFEST, extract_videos
    from comparators.generators.video_reader import VideoReader

    paths, labels = list_videos(videos)
    done = 0

    def report(path: str, problem: str | None) -> None:
        nonlocal done
        done += 1
        if problem is not None:
            note(f"skipped: {problem}")
        elif not quiet and (done % 100 == 0 or done == len(paths)):
            note(f"{done:,} of {counted(len(paths), 'video')}")

    reader = VideoReader(sample_rate, frames, size)
    extraction = extract_videos(paths, output, labels, reader, workers, report)
    if as_json:
        print_json(
            {
                "manifest": str(output / MANIFEST),
                "clips": len(extraction.table),
                "found": extraction.num_found,
                "failures": extraction.failures,
            }
        )
    else:
        before = f", {extraction.num_found:,} of them before" if extraction.num_found else ""
        click.echo(f"{output / MANIFEST}: {counted(len(extraction.table), 'clip')}{before}")
    return 1 if extraction.failures else 0
