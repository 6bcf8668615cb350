"""From a video file to a mono waveform and evenly spaced frames of one size."""

import os
from types import ModuleType

import numpy as np

from comparators.generators import ffmpeg_video, pyav_video
from comparators.generators.image_reader import ImageReader
from comparators.generators.readable_file import check_readable_file

_TOOLS = {"ffmpeg": ffmpeg_video, "pyav": pyav_video}


class VideoReader:
    """Reads sound and frames of any video that ffmpeg (where it is on the machine) or PyAV can decode.

    All channels are mixed down to one. The frames are evenly spaced, the first is the video's first: frame i of n is
    picture `i * pictures // n`. Their shorter side is brought to `size` (bicubic) and the middle is cut out.

    Args:
        sample_rate: of the waveforms, in Hz.
        num_frames: of a video.
        size: height and width of the frames, in pixels.
        tool: `"ffmpeg"` or `"pyav"`; None takes ffmpeg where it is installed.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> VideoReader(num_frames=4).places(10)
        [0, 2, 5, 7]

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(self, sample_rate: int = 16_000, num_frames: int = 10, size: int = 224, tool: str | None = None):
        for name, value in {"sample_rate": sample_rate, "num_frames": num_frames, "size": size}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        if tool not in (*_TOOLS, None):
            raise ValueError(f"`tool` must be 'ffmpeg', 'pyav' or None. Received: tool={tool!r}.")
        self.sample_rate = sample_rate
        self.num_frames = num_frames
        self.size = size
        self.image_reader = ImageReader((size, size), fit="crop", resize_shorter=size, resample="bicubic")
        self.tool = tool

    def places(self, num_pictures: int) -> list[int]:
        """Returns which of a video's pictures are taken; one several times where there are few."""
        return [number * num_pictures // self.num_frames for number in range(self.num_frames)]

    def read_sound(self, path: str | os.PathLike) -> np.ndarray:
        """Reads the sound of a video.

        Args:
            path: the file.

        Returns:
            float32 `(samples,)`.

        Raises:
            FileNotFoundError: there is no such file.
            ImportError: neither ffmpeg nor PyAV is there.
            ValueError: the file has no sound, is of zero length, or cannot be decoded. The message names it.
        """
        path = _checked(path)
        samples = _decoded(path, self._tool.read_sound, self.sample_rate)
        if samples is None:
            raise ValueError(f"No sound in video '{path}'. Leave it out, or take its frames alone.")
        if not len(samples):
            raise _of_zero_length(path)
        return samples

    def read_frames(self, path: str | os.PathLike) -> np.ndarray:
        """Reads evenly spaced frames of a video.

        Args:
            path: the file.

        Returns:
            uint8 `(num_frames, size, size, 3)`.

        Raises:
            FileNotFoundError: there is no such file.
            ImportError: neither ffmpeg nor PyAV is there.
            ValueError: the file has no picture, is of zero length, or cannot be decoded. The message names it.
        """
        path = _checked(path)
        frames = self._pictures(path, _decoded(path, self._tool.count_frames))
        if len(frames) < self.num_frames:
            # In a few formats, packets that show no picture were counted.
            frames = self._pictures(path, _decoded(path, self._tool.count_frames, True))
        if len(frames) < self.num_frames:
            raise ValueError(f"Truncated or damaged video: '{path}'. Copy it again or remove it.")
        return np.stack([self.image_reader.fit_array(frame, f"a frame of '{path}'") for frame in frames])

    def get_config(self) -> dict:
        """Returns the constructor's arguments as plain values."""
        return {
            "sample_rate": self.sample_rate,
            "num_frames": self.num_frames,
            "size": self.size,
            "tool": self.tool,
        }

    @classmethod
    def from_config(cls, config: dict) -> "VideoReader":
        """Builds a reader from what `get_config` returned."""
        return cls(**config)

    def _pictures(self, path: str, num_pictures: int | None) -> list[np.ndarray]:
        if num_pictures is None:
            raise ValueError(f"No picture in video '{path}'. Leave it out, or take its sound alone.")
        if num_pictures == 0:
            raise _of_zero_length(path)
        places = self.places(num_pictures)
        distinct = sorted(set(places))
        pictures = dict(zip(distinct, _decoded(path, self._tool.read_frames, distinct), strict=False))
        return [pictures[place] for place in places if place in pictures]

    @property
    def _tool(self) -> ModuleType:
        return _TOOLS[self.tool or ("ffmpeg" if ffmpeg_video.is_installed() else "pyav")]


def _checked(path: str | os.PathLike) -> str:
    path = os.path.abspath(path)
    check_readable_file(path, "video")
    return path


def _decoded(path: str, function, *arguments):
    try:
        return function(path, *arguments)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Not a readable video: '{path}' ({error}). Copy it again, convert it, or remove it."
        ) from error


def _of_zero_length(path: str) -> ValueError:
    return ValueError(f"Video of zero length: '{path}'. Copy it again or remove it.")
