"""From an audio file to a mono waveform of one sample rate."""

import math
import os

import numpy as np
import soundfile
import soxr

from comparators.acoustics.loudness import scale_to_dbfs
from comparators.acoustics.speech_detector import SpeechDetector
from comparators.generators.readable_file import check_readable_file
from comparators.generators.truncation import is_truncated, states_its_length

# Floats may pass full scale a little; far over it they have another unit.
_LARGEST_SAMPLE = 8.0


class AudioReader:
    """Reads WAV, FLAC, OGG and MP3 of any rate and channel count as float32 mono at one sample rate.

    The samples are bit for bit those of `librosa.load(path, sr=sample_rate, mono=True)`, without its start-up time.
    A file that cannot be read, or only in part, raises an error that names it; silence is read like any other sound.

    Args:
        sample_rate: of the waveforms returned, in Hz.
        trim: a `SpeechDetector` of the same sample rate: only the parts with speech are kept, joined. None keeps all.
        level_dbfs: quieter recordings are brought up to this level before trimming, see `scale_to_dbfs`. None leaves
            all as they are.

    Raises:
        ValueError: `sample_rate` is not a positive integer, or the detector works at another rate.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     soundfile.write(file.name, np.zeros((48_000, 6)), 48_000)
        ...     reader = AudioReader(sample_rate=16_000)
        ...     reader.read(file.name).shape, reader.read(file.name, start=0.25, end=0.5).shape
        ((16000,), (4000,))
    """

    def __init__(self, sample_rate: int = 16_000, trim: SpeechDetector | None = None, level_dbfs: float | None = None):
        if int(sample_rate) != sample_rate or sample_rate < 1:
            raise ValueError(f"`sample_rate` must be a positive integer, in Hz. Received: sample_rate={sample_rate}.")
        if trim is not None and trim.sample_rate != sample_rate:
            raise ValueError(
                "`trim` must work at the reader's sample rate. "
                f"Received: trim.sample_rate={trim.sample_rate}, sample_rate={sample_rate}."
            )
        self.sample_rate = int(sample_rate)
        self.trim = trim
        self.level_dbfs = level_dbfs

    @classmethod
    def trimming(cls, sample_rate: int = 16_000, level_dbfs: float | None = None) -> "AudioReader":
        """Returns a reader that keeps only the parts with speech, found with the detector's default settings."""
        return cls(sample_rate, trim=SpeechDetector(sample_rate), level_dbfs=level_dbfs)

    def read(
        self,
        path: str | os.PathLike,
        start: float | None = None,
        end: float | None = None,
        channel: int | None = None,
    ) -> np.ndarray:
        """Reads a file, or the part of it between two times (only that part is read from disk).

        NaN for `start`, `end` or `channel`, as an empty cell of a table gives, means None.

        Args:
            path: the audio file.
            start: where to begin, in seconds; None is the beginning.
            end: where to stop, in seconds; None, or past the end, is the end of the file.
            channel: index of the channel to keep; None takes the mean of all.

        Returns:
            float32 `(samples,)`. Empty only where `trim` found no speech.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file cannot be read, holds no or only a part of its samples, or NaN or infinite ones, or
                the range or the channel is not in it. The message names the file.
        """
        return self.read_and_measure(path, start, end, channel)[0]

    def read_and_measure(
        self,
        path: str | os.PathLike,
        start: float | None = None,
        end: float | None = None,
        channel: int | None = None,
    ) -> tuple[np.ndarray, float]:
        """Reads as `read` does, and tells the seconds of speech (the whole length, where nothing is trimmed)."""
        path, start, end, channel = str(path), _given(start), _given(end), _given(channel)
        check_readable(path)
        with _open(path) as file:
            first, count = _frame_range(file, path, start, end)
            _check_channel(file, path, channel)
            samples, rate = _decode(file, path, first, count), file.samplerate
        if not np.isfinite(samples).all():
            raise ValueError(
                f"NaN or infinite samples in audio file '{path}'. Export the recording again or remove it."
            )
        if np.abs(samples).max() > _LARGEST_SAMPLE:
            raise ValueError(
                f"Samples far outside of [-1, 1] in audio file '{path}': their unit is unknown. "
                "Export it at full scale 1."
            )
        return self._finish(samples, rate, None if channel is None else int(channel))

    def duration(self, path: str | os.PathLike) -> float:
        """Returns the length of a file in seconds, from its header.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file cannot be read.
        """
        path = str(path)
        check_readable(path)
        with _open(path) as file:
            return file.frames / file.samplerate

    def get_config(self) -> dict:
        """Returns the constructor's arguments as plain values."""
        trim = None if self.trim is None else self.trim.get_config()
        return {"sample_rate": self.sample_rate, "trim": trim, "level_dbfs": self.level_dbfs}

    @classmethod
    def from_config(cls, config: dict) -> "AudioReader":
        """Builds a reader from what `get_config` returned."""
        trim = None if config["trim"] is None else SpeechDetector.from_config(config["trim"])
        return cls(**config | {"trim": trim})

    def _finish(self, samples: np.ndarray, rate: int, channel: int | None) -> tuple[np.ndarray, float]:
        if samples.ndim == 2:
            samples = samples.T.mean(axis=0) if channel is None else np.ascontiguousarray(samples[:, channel])
        if rate != self.sample_rate:
            length = math.ceil(len(samples) * (self.sample_rate / rate))
            samples = soxr.resample(samples, rate, self.sample_rate, quality="HQ")[:length]
            samples = np.pad(samples, (0, length - len(samples)))
        if self.level_dbfs is not None:
            samples = scale_to_dbfs(samples, self.level_dbfs, only_up=True)
        if self.trim is None:
            return samples, len(samples) / self.sample_rate
        return self.trim.trim_and_measure(samples)


def _given(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def check_readable(path: str) -> None:
    """Raises what is wrong with a file that cannot be read, before it is opened; the message names the file."""
    check_readable_file(path, "audio file")
    if is_truncated(path):
        raise _truncated(path)


def _open(path: str) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(path)
    except soundfile.SoundFileError as error:
        raise _unreadable(path, error) from error


def _decode(file: soundfile.SoundFile, path: str, first: int, count: int) -> np.ndarray:
    try:
        if first:
            file.seek(first)
        samples = file.read(count, dtype="float32", always_2d=False)
    except soundfile.SoundFileError as error:
        raise _truncated(path) from error
    if len(samples) == 0 or (len(samples) < count and states_its_length(path)):
        raise _truncated(path)
    return samples


def _frame_range(file: soundfile.SoundFile, path: str, start: float | None, end: float | None) -> tuple[int, int]:
    seconds = file.frames / file.samplerate
    if file.frames == 0:
        raise ValueError(f"No samples in audio file '{path}'. Export the recording again or remove it.")
    if start is not None and start < 0:
        raise ValueError(f"`start` must not be negative. Received: start={start} for '{path}'.")
    if end is not None and end <= (start or 0):
        raise ValueError(f"`end` must be after `start`. Received: start={start or 0}, end={end} for '{path}'.")
    first = round((start or 0) * file.samplerate)
    last = file.frames if end is None else min(file.frames, round(end * file.samplerate))
    if first >= file.frames:
        raise ValueError(f"`start` is past the end of '{path}', which lasts {seconds:.3f} s. Received: start={start}.")
    if last <= first:
        raise ValueError(f"No sample between `start` and `end`. Received: start={start or 0}, end={end} for '{path}'.")
    return first, last - first


def _check_channel(file: soundfile.SoundFile, path: str, channel: int | None) -> None:
    if channel is not None and (channel != int(channel) or not 0 <= channel < file.channels):
        raise ValueError(
            f"`channel` must be an index from 0 to {file.channels - 1}: '{path}' has {file.channels} channel(s). "
            f"Received: channel={channel}."
        )


def _unreadable(path: str, error: Exception) -> ValueError:
    return ValueError(
        f"Not a readable audio file: '{path}' ({error}). It must be WAV, FLAC, OGG or MP3: convert it, or remove it."
    )


def _truncated(path: str) -> ValueError:
    return ValueError(
        f"Truncated or damaged audio file: '{path}' holds less sound than its header says. Copy it again or remove it."
    )
