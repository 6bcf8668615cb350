"""Sound and frames of video files through PyAV, which brings its own decoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av


def read_sound(path: str, sample_rate: int) -> np.ndarray | None:
    """Reads the first sound of a file, its channels mixed down to one.

    Args:
        path: the video.
        sample_rate: in Hz.

    Returns:
        float32 `(samples,)`; None where there is no sound.

    Raises:
        ImportError: PyAV is not installed.
        ValueError: PyAV cannot decode the file; with what it says.
    """
    with _opened(path) as file:
        if not file.streams.audio:
            return None
        # 16 bits, since in floats FFmpeg mixes down without dividing by the number of channels.
        resampler = _import_av().AudioResampler(format="s16", layout="mono", rate=sample_rate)
        parts = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        parts += resampler.resample(None) if parts else []
        samples = [part.to_ndarray().ravel() for part in parts]
    return (np.concatenate(samples) if samples else np.zeros(0)).astype(np.float32) / 32_768


def count_frames(path: str, decode: bool = False) -> int | None:
    """Counts the pictures of a file.

    Args:
        path: the video.
        decode: False counts packets, which is fast, and in a few formats more than there are pictures.

    Returns:
        The number; None where the file has no picture.
    """
    with _opened(path) as file:
        if not file.streams.video:
            return None
        if decode:
            return sum(1 for _ in file.decode(video=0))
        return sum(1 for packet in file.demux(video=0) if packet.size)


def read_frames(path: str, places: Sequence[int]) -> list[np.ndarray]:
    """Reads some pictures of a file, upright.

    Args:
        path: the video.
        places: of the pictures, from 0, rising.

    Returns:
        uint8 `(height, width, 3)` of each; fewer, where the file ends before.
    """
    frames = []
    with _opened(path) as file:
        file.streams.video[0].thread_type = "AUTO"
        for place, frame in enumerate(file.decode(video=0)):
            if place == places[len(frames)]:
                turns = round(frame.rotation / 90)
                frames.append(np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns)))
                if len(frames) == len(places):
                    break
    return frames


@contextmanager
def _opened(path: str) -> Iterator[av.container.InputContainer]:
    av = _import_av()
    try:
        with av.open(path) as file:
            yield file
    except av.FFmpegError as error:
        raise ValueError(str(error)) from error


def _import_av() -> ModuleType:
    try:
        import av
    except ImportError:
        raise ImportError(
            "Reading video needs the program ffmpeg or the package PyAV. Received neither. Install one of them: "
            "`pip install comparators[video]` brings PyAV."
        ) from None
    return av
