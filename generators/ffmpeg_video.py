"""Sound and frames of video files through the program ffmpeg, the fastest way where it is on the machine."""

import shutil
import subprocess
from collections.abc import Sequence

import numpy as np

_FRAME_RATE = 25  # of the pictures that ffmpeg hands over; any would do


def is_installed() -> bool:
    """Tells whether the program ffmpeg is found."""
    return shutil.which("ffmpeg") is not None


def read_sound(path: str, sample_rate: int) -> np.ndarray | None:
    """Reads the first sound of a file, its channels mixed down to one.

    Args:
        path: the video.
        sample_rate: in Hz.

    Returns:
        float32 `(samples,)`; None where there is no sound.

    Raises:
        ValueError: ffmpeg cannot decode the file; with what it says.
    """
    samples = _run(path, "0:a:0", "-ac", "1", "-ar", str(sample_rate), "-f", "s16le")
    return None if samples is None else np.frombuffer(samples, "<i2").astype(np.float32) / 32_768


def count_frames(path: str, decode: bool = False) -> int | None:
    """Counts the pictures of a file.

    Args:
        path: the video.
        decode: False counts packets, which is fast, and in a few formats more than there are pictures.

    Returns:
        The number; None where the file has no picture.
    """
    lines = _run(path, "0:v:0", "-c:v", "rawvideo" if decode else "copy", "-f", "framecrc")
    return None if lines is None else sum(not line.startswith(b"#") for line in lines.splitlines())


def read_frames(path: str, places: Sequence[int]) -> list[np.ndarray]:
    """Reads some pictures of a file, upright.

    Args:
        path: the video.
        places: of the pictures, from 0, rising.

    Returns:
        uint8 `(height, width, 3)` of each; fewer, where the file ends before.

    Raises:
        ValueError: ffmpeg cannot decode the file; with what it says.
    """
    chosen = "+".join(rf"eq(n\,{place})" for place in places)
    # New times, one after the other: else ffmpeg repeats pictures to fill the gaps between them.
    filters = f"select={chosen},settb=1/{_FRAME_RATE},setpts=N"
    limits = ("-r", str(_FRAME_RATE), "-frames:v", str(len(places)))
    pictures = _run(path, "0:v:0", "-vf", filters, *limits, "-c:v", "ppm", "-f", "image2pipe") or b""
    return _split_pictures(pictures)


def _split_pictures(pictures: bytes) -> list[np.ndarray]:
    """Splits PPM images, each of a header `P6 width height 255` in three lines and three bytes for each pixel."""
    frames, start = [], 0
    while start < len(pictures):
        _, size, _, rest = pictures[start : start + 64].split(b"\n", 3)
        width, height = map(int, size.split())
        first = start + 64 - len(rest)
        start = first + 3 * width * height
        frames.append(np.frombuffer(pictures[first:start], np.uint8).reshape(height, width, 3))
    return frames


def _run(path: str, stream: str, *options: str) -> bytes | None:
    """Returns what ffmpeg writes; None where the file has no such stream."""
    # A name such as `-x.mp4` or `concat:...` is a file's, not an option or a protocol.
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", stream, *options, "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    message = done.stderr.decode(errors="replace").strip()
    if "matches no streams" in message:
        return None
    raise ValueError(message.splitlines()[0] if message else f"ffmpeg ended with status {done.returncode}")
