"""Sound and frames of many videos, written to files once."""

import json
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

from comparators.generators.clip_manifest import read_clip_manifest, write_clip_manifest
from comparators.generators.video_reader import VideoReader

MANIFEST = "manifest.json"
_SETTINGS = "settings.json"
_JPEG_QUALITY = 95


@dataclass(frozen=True)
class VideoExtraction:
    """What came of an extraction.

    Args:
        table: what the manifest holds: the clips of this extraction and of those before it in the same folder, as
            `read_clip_manifest` returns them.
        failures: path -> what is wrong, of each video that could not be read.
        num_found: how many of the clips had been extracted before.
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
    not at all, and what was extracted from which file is kept in `sources/ID.json`, which comes last. A video that
    changed (another path, size or time) is extracted again, and other videos join the manifest. A video that cannot be
    read is left out and reported; all others are done.

    Args:
        videos: the files.
        folder: where to write; it is made if it is missing.
        labels: of each video, joined by commas; they go into the manifest. None keeps those that are there.
        reader: of the files; None is `VideoReader()`: 16 kHz, 10 frames of 224 x 224.
        workers: videos at a time; None is one for each core.
        report: called with each path when it is done, and with what is wrong with it, or None.

    Returns:
        The `VideoExtraction`.

    Raises:
        ImportError: neither ffmpeg nor PyAV is there.
        ValueError: two videos have one name, there is not one label text for each, the folder was filled with another
            sample rate, number or size of frames, or no video could be read.
    """
    paths = [os.path.abspath(video) for video in videos]
    names = [Path(path).stem for path in paths]
    _check(paths, names, labels, workers)
    folder, reader = Path(folder).absolute(), VideoReader() if reader is None else reader
    settings = {"sample_rate": reader.sample_rate, "num_frames": reader.num_frames, "size": reader.size}
    _check_settings(folder, settings)
    rows = _rows_before(folder / MANIFEST)
    clips = [_Clip(folder, name, reader.num_frames) for name in names]
    found = [clip.is_done(path) for clip, path in zip(clips, paths, strict=True)]

    def extract(path: str, clip: _Clip, done: bool) -> str | None:
        problem = None
        if not done:
            try:
                source = _source(path)
                samples, frames = reader.read_sound(path), reader.read_frames(path)
                # Not before a video was read: settings that nothing was extracted with bind nobody.
                if not (folder / _SETTINGS).exists():
                    _write_json(folder / _SETTINGS, settings)
                clip.write(samples, reader.sample_rate, frames, source)
            except (ValueError, FileNotFoundError) as error:
                problem = str(error)
        if report is not None:
            report(path, problem)
        return problem

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        problems = list(pool.map(extract, paths, clips, found))
    failures = {path: problem for path, problem in zip(paths, problems, strict=True) if problem is not None}
    if len(failures) == len(paths):
        raise ValueError(f"None of {len(paths)} videos could be read. The first: {problems[0]}")
    for number, (name, clip) in enumerate(zip(names, clips, strict=True)):
        if problems[number] is not None:
            rows.pop(name, None)
            continue
        label = {} if labels is None else {"labels": labels[number]}
        rows[name] = {"labels": ""} | rows.get(name, {}) | clip.row | label
    table = pd.DataFrame(list(rows.values())).fillna("")
    write_clip_manifest(table, folder / MANIFEST)
    num_written = found.count(False) - len(failures)
    return VideoExtraction(table, failures, len(table) - num_written)


class _Clip:
    """The files of one video."""

    def __init__(self, folder: Path, name: str, num_frames: int):
        self.sound = folder / "sound" / f"{name}.wav"
        self.pictures = [folder / "frames" / f"frame_{number}" / f"{name}.jpg" for number in range(num_frames)]
        self.source = folder / "sources" / f"{name}.json"
        self.row = {"path": str(self.sound), "video_id": name, "video_path": str(folder / "frames")}

    def is_done(self, path: str) -> bool:
        """Says whether all files are there, and of the video as it is now; one that is gone is taken as unchanged."""
        if not all(file.exists() for file in (self.source, self.sound, *self.pictures)):
            return False
        return _source(path).items() <= _read_json(self.source).items()

    def write(self, samples: np.ndarray, sample_rate: int, frames: np.ndarray, source: dict) -> None:
        self.source.unlink(missing_ok=True)
        for picture, frame in zip(self.pictures, frames, strict=True):
            _write(picture, lambda file, frame=frame: Image.fromarray(frame).save(file, "JPEG", quality=_JPEG_QUALITY))
        _write(self.sound, lambda file: soundfile.write(file, samples, sample_rate, subtype="PCM_16", format="WAV"))
        _write_json(self.source, source)


def _source(path: str) -> dict:
    """What tells a video file from another one."""
    if not os.path.exists(path):
        return {"path": path}
    status = os.stat(path)
    return {"path": path, "bytes": status.st_size, "modified": status.st_mtime_ns}


def _rows_before(manifest: Path) -> dict[str, dict]:
    """The clips of earlier extractions, by name."""
    if not manifest.exists():
        return {}
    return {row["video_id"]: row for row in read_clip_manifest(manifest).to_dict("records")}


def _check_settings(folder: Path, settings: dict) -> None:
    path = folder / _SETTINGS
    before = _read_json(path) if path.exists() else settings
    if before != settings:
        raise ValueError(
            f"What is in '{folder}' was extracted with {_listed(before)}. Received: {_listed(settings)}. Repeat the "
            "settings, or write to another folder."
        )


def _listed(settings: dict) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"Not JSON: '{path}' ({error}). Remove it.") from error


def _write_json(path: Path, content: dict) -> None:
    _write(path, lambda file: file.write(json.dumps(content, ensure_ascii=False).encode()))


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
