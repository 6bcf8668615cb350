"""What every comparator of recordings does with its input: reading, trimming, windows, bulk, abstaining."""

import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from comparators.generators.audio_reader import AudioReader
from comparators.generators.manifest import is_manifest, read_manifest
from comparators.models.bulk_embedding import BulkEmbedding, embed_files
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.frame_windows import FrameWindows
from comparators.models.waveform_embedder import WaveformEmbedder
from comparators.recognition.verification import Verification, decide

# Floats may pass full scale a little; far over it they have another unit, and the features would be of something else.
_LARGEST_SAMPLE = 8.0


class NoSpeechError(ValueError):
    """A recording was read, but there is no speech in it."""


class RecordingInputs:
    """The part of `AudioEncoder` and `AudioSiamese` that takes files and waveforms.

    A class that mixes it in names it before its family, and calls `take_recordings` at the end of its constructor.

    Attributes:
        reader: from files to waveforms.
        windows: windows whose embeddings are averaged in recordings longer than one; None embeds any recording whole.
        minimum_speech_seconds: with less speech than this, `verify` abstains.
    """

    media = "audio"
    """Kind of file, as `read_manifest` names it."""
    item_name = "recording"
    """What an item is called."""

    def take_recordings(
        self, reader: AudioReader | None, windows: FrameWindows | None, minimum_speech_seconds: float
    ) -> None:
        """Stores how recordings are read and cut; by default the reader trims silence.

        Raises:
            TypeError: if the encoder is no `WaveformEncoder`.
        """
        if not isinstance(self.encoder, WaveformEncoder):
            raise TypeError(
                "`encoder` must be a `WaveformEncoder(front_end, trunk)`; for another kind of network use `Encoder` or "
                f"`Siamese`. Received: encoder={self.encoder!r}"
            )
        self.reader = AudioReader.trimming() if reader is None else reader
        self.windows = windows
        self.minimum_speech_seconds = minimum_speech_seconds
        self.embedder = WaveformEmbedder(self.encoder, windows)

    def read(
        self,
        recording: str | os.PathLike | np.ndarray,
        start: float | None = None,
        end: float | None = None,
        channel: int | None = None,
    ) -> np.ndarray:
        """Reads a file as the reader says; a waveform `(samples,)` is taken as it is.

        Args:
            recording: a path, or a waveform.
            start: for a path, where to begin, in seconds.
            end: for a path, where to stop, in seconds.
            channel: for a path, the channel to keep; None takes the mean of all.

        Raises:
            FileNotFoundError: if the file is missing.
            ValueError: if the file cannot be read or holds no speech, or the waveform is not 1-D and finite.
        """
        return self.read_and_measure(recording, start, end, channel)[0]

    def read_and_measure(
        self,
        recording: str | os.PathLike | np.ndarray,
        start: float | None = None,
        end: float | None = None,
        channel: int | None = None,
    ) -> tuple[np.ndarray, float]:
        """Reads as `read` does, and tells the seconds of speech (the whole length, where nothing is trimmed)."""
        if not isinstance(recording, str | os.PathLike):
            waveform, detector = check_waveform(recording), self.reader.trim
            length = len(waveform) / self.reader.sample_rate
            return waveform, length if detector is None else detector.speech_seconds(waveform)
        waveform, seconds = self.reader.read_and_measure(recording, start, end, channel)
        if not waveform.any():
            what, how = ("sound", "silent") if self.reader.trim is None else ("speech", "silent, steady or too short")
            raise NoSpeechError(
                f"No {what} in audio file '{recording}' ({self.reader.duration(recording):.2f} s): it is {how}, or its "
                "channels cancel each other (name one as `channel`). Leave it out, or record it again."
            )
        return waveform, seconds

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of recordings.

        Waveforms are embedded as they are; files go through the reader first (resampling, trimming). For thousands of
        files use `embed_files`, which can go on after a stop and skips unreadable files.

        Args:
            inputs: paths, waveforms `(samples,)` of any lengths, an array `(n, samples)`, one path, or a folder, CSV
                or JSON manifest or DataFrame as `read_manifest` takes them.
            role: not needed, there is one encoder.
            batch_size: recordings encoded at once.

        Returns:
            Embeddings `(n, embedding_dim)`, float32, in the order of the inputs.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: if a file cannot be read, or a waveform is not a 1-D array of finite samples.
        """
        self.encoder_of(role)
        return np.concatenate(
            [np.zeros((0, self.embedding_dim), np.float32)]
            + [self.embedder(block, batch_size) for block in _blocks(self._waveforms(inputs))]
        )

    def _waveforms(self, inputs) -> Iterator[np.ndarray]:
        if isinstance(inputs, str | os.PathLike) and not os.path.isdir(inputs) and not is_manifest(inputs):
            inputs = [inputs]
        if isinstance(inputs, str | os.PathLike | Mapping | pd.DataFrame):
            for row in read_manifest(inputs, media=self.media).to_dict("records"):
                yield self.read(row["path"], row.get("start"), row.get("end"), row.get("channel"))
        else:
            for index, item in enumerate(inputs):
                is_file = isinstance(item, str | os.PathLike)
                yield self.read(item) if is_file else check_waveform(item, f"waveform {index}")

    def embed_files(
        self,
        source,
        store: str | os.PathLike | None = None,
        label_column: str | None = None,
        split: str | None = None,
        batch_size: int = 64,
        num_workers: int = 2,
        progress: bool = True,
    ) -> BulkEmbedding:
        """Embeds thousands of files into a table: in parallel, in bounded memory, resumable.

        See `comparators.models.bulk_embedding.embed_files` for the arguments. Returns `(table, failures)`.
        """
        return embed_files(self, source, store, label_column, split, batch_size, num_workers, progress)

    def speech_seconds(self, recording: str | os.PathLike | np.ndarray) -> float:
        """Returns the seconds of speech in a file or waveform (all of it, where the reader does not trim)."""
        return self.read_and_measure(recording)[1]

    def verify(self, a, b) -> Verification:
        """Decides whether two recordings are of one label.

        Args:
            a: a path or waveform `(samples,)`.
            b: the same.

        Returns:
            The score, the calibrated probability, the threshold and where it comes from, and the decision: None
            while no threshold was fitted, or when a recording has less speech than `minimum_speech_seconds`.
        """
        try:
            (a, seconds_a), (b, seconds_b) = self.read_and_measure(a), self.read_and_measure(b)
        except NoSpeechError as error:
            value, origin = (None, None) if self.threshold is None else (self.threshold.value, self.threshold.origin)
            return Verification(None, None, value, origin, None, str(error))
        score, seconds = float(self.similarity([a], [b])[0]), min(seconds_a, seconds_b)
        return decide(score, self.threshold, self.calibration, seconds, self.minimum_speech_seconds)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "reader": self.reader.get_config(),
            "windows": None if self.windows is None else vars(self.windows),
            "minimum_speech_seconds": self.minimum_speech_seconds,
        }

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        return {
            **super().parts_from_config(config),
            "reader": AudioReader.from_config(config["reader"]),
            "windows": None if config["windows"] is None else FrameWindows(**config["windows"]),
            "minimum_speech_seconds": config["minimum_speech_seconds"],
        }


def four_second_windows(front_end) -> FrameWindows:
    """Returns the windows of the default networks: 4 s, every 2 s, in frames of a front end."""
    frames_per_second = front_end.sample_rate // front_end.hop_length
    return FrameWindows(length=4 * frames_per_second, hop=2 * frames_per_second)


def check_waveform(waveform: np.ndarray, name: str = "the waveform") -> np.ndarray:
    """Returns a waveform as float32 `(samples,)`, or says what is wrong with it.

    Raises:
        ValueError: if it is not a 1-D array of finite floats of full scale 1.
        NoSpeechError: if all samples are zero.

    Example:
        >>> check_waveform(np.array([1000, -1000], "int16"))
        Traceback (most recent call last):
        ValueError: the waveform must be floats in [-1, 1]. Received: int16. Divide 16-bit samples by 32768.
    """
    waveform = np.asarray(waveform)
    if waveform.dtype.kind != "f":
        raise ValueError(
            f"{name} must be floats in [-1, 1]. Received: {waveform.dtype}. Divide 16-bit samples by 32768."
        )
    if waveform.ndim != 1 or not waveform.size or not np.isfinite(waveform).all():
        raise ValueError(
            f"{name} must be a 1-D array of finite samples, not empty. Received: shape {waveform.shape}, "
            f"{np.count_nonzero(~np.isfinite(waveform))} of them not finite."
        )
    peak = np.abs(waveform).max()
    if peak == 0:
        raise NoSpeechError(f"{name} is silent: all of its {waveform.size:,} samples are zero. Leave it out.")
    if peak > _LARGEST_SAMPLE:
        raise ValueError(f"{name} must be floats in [-1, 1]. Received: a peak of {peak:g}. Scale it to full scale 1.")
    return waveform.astype(np.float32)


def _blocks(waveforms: Iterator[np.ndarray], max_samples: int = 20_000_000) -> Iterator[Sequence[np.ndarray]]:
    """Collects waveforms into lists of at most `max_samples` in all (80 MB), a longer one alone."""
    block: list[np.ndarray] = []
    for waveform in waveforms:
        if block and sum(map(len, block)) + len(waveform) > max_samples:
            yield block
            block = []
        block.append(waveform)
    if block:
        yield block
