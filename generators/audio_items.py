"""Items that are windows of recordings in files."""

import numpy as np
import pandas as pd

from comparators.generators.audio_reader import AudioReader
from comparators.generators.file_items import FileItems

_NUM_LENGTHS = 5


class AudioItems(FileItems):
    """Recordings as the items of batches: each time another window from a random place of each.

    A recording shorter than the window is padded with zeros at its end.

    Args:
        table: as `read_manifest` returns it: a column `path`, and where there are such `start`, `end` and `channel`.
        window_seconds: length of the windows; or (shortest, longest), from which one of five lengths is drawn for
            each batch (few, since each is a graph of its own).
        reader: of the files; None is `AudioReader()`.
        cache_bytes: memory for decoded recordings, in each process; 0 keeps none.
        place: where the windows are: `"random"`, or `"start"` as evaluation wants it.

    Attributes:
        cache: the `MemoryCache`.

    Raises:
        ValueError: a column is missing or an argument is out of its range; from `take`, naming the file, when a
            recording cannot be read or has no speech.

    Example:
        >>> import soundfile, tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     soundfile.write(file.name, np.full(16_000, 0.1), 16_000)
        ...     items = AudioItems(pd.DataFrame({"path": [file.name]}), window_seconds=0.5)
        ...     inputs = items.take(np.array([0, 0]), np.random.default_rng(0))
        >>> inputs["waveforms"].shape, inputs["lengths"].tolist()
        ((2, 8000), [8000, 8000])
    """

    columns = ("path", "start", "end", "channel")

    def __init__(
        self,
        table: pd.DataFrame,
        window_seconds: float | tuple[float, float],
        reader: AudioReader | None = None,
        cache_bytes: int = 2**31,
        place: str = "random",
    ):
        super().__init__(table, AudioReader() if reader is None else reader, cache_bytes)
        if place not in ("random", "start"):
            raise ValueError(f"`place` must be 'random' or 'start'. Received: place={place!r}.")
        self.place = place
        self.window_lengths = _window_lengths(window_seconds, self.reader.sample_rate)

    @property
    def ragged_inputs(self) -> tuple[str, ...]:
        """Inputs whose number of samples differs from batch to batch."""
        return ("waveforms",) if len(self.window_lengths) > 1 else ()

    def take(self, indices: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Returns a random window of each of some recordings, all of one length.

        Args:
            indices: positions of the recordings, `(batch,)`.
            random: draws the windows.

        Returns:
            `{"waveforms": (batch, samples) float32, "lengths": (batch,) int32 in samples}`.
        """
        places = random.random(len(indices)) * (self.place == "random")
        window = int(random.choice(self.window_lengths))
        waveforms = np.zeros((len(indices), window), np.float32)
        lengths = np.empty(len(indices), np.int32)
        for row, (samples, place) in enumerate(zip(self._samples(indices), places, strict=True)):
            start = int(place * (max(0, len(samples) - window) + 1))
            part = samples[start : start + window]
            waveforms[row, : len(part)] = part
            lengths[row] = len(part)
        return {"waveforms": waveforms, "lengths": lengths}

    def check(self, item: int) -> None:
        """Raises what is wrong with a recording."""
        self._samples(np.array([item]))

    def _samples(self, items: np.ndarray) -> list[np.ndarray]:
        recordings = self.read_all(items)
        for item, samples in zip(items, recordings, strict=True):
            if len(samples) == 0:
                raise ValueError(
                    f"No speech found in '{self.path(item)}'. Remove the row, or read without a speech detector."
                )
        return recordings


def _window_lengths(window_seconds: float | tuple[float, float], sample_rate: int) -> np.ndarray:
    low, high = window_seconds if isinstance(window_seconds, tuple | list) else (window_seconds, window_seconds)
    if not 1 <= round(low * sample_rate) <= round(high * sample_rate):
        raise ValueError(
            f"`window_seconds` must be positive, or (shortest, longest). Received: window_seconds={window_seconds}."
        )
    return np.unique(np.round(np.linspace(low, high, _NUM_LENGTHS) * sample_rate).astype(int))
