"""Sound and frames of many videos, written to files once."""

import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from comparators.generators.clip_manifest import write_clip_manifest
from comparators.generators.video_reader import VideoReader

MANIFEST = "manifest.json"
_JPEG_QUALITY = 95


@dataclass(frozen=True)
class VideoExtraction:
    """What came of an extraction.

    Args:
        table: a clip for each video that could be read, as `read_clip_manifest` returns it.
        failures: path -> what is wrong, of each that could not.
        num_found: how many had been extracted before.
    """

    table: pd.DataFrame
    failures: dict[str, str]
    num_found: int


def extract_videos(
    videos: Sequence[str | os.PathLike],
    folder: str | os.PathLike,
    labels: Sequence[str] | None = None,
    reader: VideoReader | None = None,
    workers: int | None = None,
    report: Callable[[str, str | None], None] | None = None,
) -> VideoExtraction:
    """Writes sound and frames of videos in the layout of CAV-MAE, and a manifest of them.

    `sound/ID.wav` (16 bits), `frames/frame_0/ID.jpg`, `frames/frame_1/ID.jpg`, ... and `manifest.json`, where ID is the
    file's name without suffix. Started again, it goes on with the videos that are missing: each file is there whole or
    not at all, and the sound comes last. A video that cannot be read is left out and reported; all others are done.

    Args:
        videos: the files.
        folder: where to write; it is made if it is missing.
        labels: of each video, joined by commas; they go into the manifest.
        reader: of the files; None is `VideoReader()`: 16 kHz, 10 frames of 224 x 224.
        workers: videos at a time; None is one for each core.
        report: called with each path when it is done, and with what is wrong with it, or None.

    Returns:
        The `VideoExtraction`.

    Raises:
        ImportError: neither ffmpeg nor PyAV is there.
        ValueError: two videos have one name, there is not one label text for each, or no video could be read.
    """
    paths = [os.path.abspath(video) for video in videos]
    names = [Path(path).stem for path in paths]
    _check(paths, names, labels, workers)
    folder, reader = Path(folder).absolute(), VideoReader() if reader is None else reader
    clips = [_Clip(folder, name, reader.num_frames) for name in names]
    found = [clip.is_done() for clip in clips]

    def extract(path: str, clip: _Clip, done: bool) -> str | None:
        problem = None
        if not done:
            try:
                clip.write(reader.read_sound(path), reader.sample_rate, reader.read_frames(path))
            except (ValueError, FileNotFoundError) as error:
                problem = str(error)
        if report is not None:
            report(path, problem)
        return problem

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        problems = list(pool.map(extract, paths, clips, found))
    failures = {path: problem for path, problem in zip(paths, problems, strict=True) if problem is not None}
    rows = {"path": [clip.sound for clip in clips], "video_id": names, "video_path": [clip.frames for clip in clips]}
    table = pd.DataFrame(rows).astype(str).assign(labels=[""] * len(names) if labels is None else list(labels))
    table = table[[problem is None for problem in problems]].reset_index(drop=True)
    if not len(table):
        raise ValueError(f"None of {len(paths)} videos could be read. The first: {problems[0]}")
    write_clip_manifest(table, folder / MANIFEST)
    return VideoExtraction(table, failures, sum(found))


class _Clip:
    """The files of one video."""

    def __init__(self, folder: Path, name: str, num_frames: int):
        self.sound = folder / "sound" / f"{name}.wav"
        self.frames = folder / "frames"
        self.pictures = [self.frames / f"frame_{number}" / f"{name}.jpg" for number in range(num_frames)]

    def is_done(self) -> bool:
        return self.sound.exists() and all(picture.exists() for picture in self.pictures)

    def write(self, samples: np.ndarray, sample_rate: int, frames: np.ndarray) -> None:
        for picture, frame in zip(self.pictures, frames, strict=True):
            _write(picture, lambda file, frame=frame: Image.fromarray(frame).save(file, "JPEG", quality=_JPEG_QUALITY))
        _write(self.sound, lambda file: soundfile.write(file, samples, sample_rate, subtype="PCM_16", format="WAV"))


def _write(path: Path, write: Callable) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(8)}{path.suffix}")
    try:
        with open(partial, "wb") as file:
            write(file)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _check(paths: list[str], names: list[str], labels: Sequence[str] | None, workers: int | None) -> None:
    if not paths:
        raise ValueError("`videos` must name at least one file. Received: none.")
    again = next((number for number, name in enumerate(names) if name in names[:number]), None)
    if again is not None:
        raise ValueError(
            "`videos` must differ in their names without suffix, which name what is written. "
            f"Received: '{paths[names.index(names[again])]}' and '{paths[again]}'. Rename one, or extract it elsewhere."
        )
    if labels is not None and len(labels) != len(paths):
        raise ValueError(f"`labels` must be one text for each of {len(paths)} videos. Received: {len(labels)}.")
    if workers is not None and workers < 1:
        raise ValueError(f"`workers` must be positive. Received: workers={workers}.")
