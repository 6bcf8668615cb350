"""Batches of windows of recordings: P labels, K windows of each."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from comparators.generators.audio_reader import AudioReader
from comparators.generators.group_sampler import GroupSampler
from comparators.generators.ordered_batches import OrderedBatches
from comparators.generators.waveform_cache import MemoryCache

_WINDOW, _LENGTH = 100, 101
_NUM_LENGTHS = 5


class AudioGroups(OrderedBatches):
    """Trains encoders on recordings: batches of `labels_per_batch` labels with `items_per_label` random windows each.

    A batch is a pure function of (seed, epoch, index): see `GroupSampler` for which recordings are in it. Each gives
    one window from a random place; a recording shorter than the window is padded with zeros at its end.

    Args:
        table: as `read_manifest` returns it: columns `path` and `label`, and where there are such `start`, `end`,
            `channel`, `corpus`, and `recording` (rows of one recording; without it, those of one path are).
        labels_per_batch: P.
        items_per_label: K.
        window_seconds: length of the windows; or (shortest, longest), from which one of five lengths is drawn for
            each batch (few, since each is a graph of its own).
        reader: of the files; None is `AudioReader()`.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        within_corpus: each batch stays within one corpus of the column `corpus`.
        corpus_weights: corpus -> factor on its number of batches, with `within_corpus`.
        passes_per_epoch: how often each label comes in an epoch.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        cache_bytes: memory for decoded recordings, in each process.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; their position is their code in the batches.
        sampler: the `GroupSampler`.
        cache: the `MemoryCache`.

    Raises:
        ValueError: a column is missing, there are too few labels, or an argument is out of its range; from
            `__getitem__`, naming the file, when a recording cannot be read or has no speech.

    Example:
        >>> import tempfile, soundfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> paths = [f"{folder.name}/{number}.wav" for number in range(4)]
        >>> for path in paths:
        ...     soundfile.write(path, np.full(16_000, 0.1), 16_000)
        >>> table = pd.DataFrame({"path": paths, "label": ["ann", "ann", "bob", "bob"]})
        >>> inputs, labels = AudioGroups(table, 2, 2, window_seconds=0.5)[0]
        >>> inputs["waveforms"].shape, inputs["lengths"].tolist(), labels.tolist()
        ((4, 8000), [8000, 8000, 8000, 8000], [0, 0, 1, 1])
        >>> folder.cleanup()
    """

    def __init__(
        self,
        table: pd.DataFrame,
        labels_per_batch: int,
        items_per_label: int,
        window_seconds: float | tuple[float, float],
        reader: AudioReader | None = None,
        seed: int = 0,
        start_epoch: int = 0,
        within_corpus: bool = False,
        corpus_weights: Mapping[str, float] | None = None,
        passes_per_epoch: int = 1,
        redraw: bool = True,
        cache_bytes: int = 2**31,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        super().__init__(start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
        _check_columns(table, within_corpus)
        _check_labels(table)
        self.reader = AudioReader() if reader is None else reader
        self.window_lengths = _window_lengths(window_seconds, self.reader.sample_rate)
        self.sampler = GroupSampler(
            table["label"].to_numpy(),
            labels_per_batch,
            items_per_label,
            seed=seed,
            recordings=table["recording" if "recording" in table.columns else "path"].to_numpy(),
            corpora=table["corpus"].to_numpy() if within_corpus else None,
            corpus_weights=corpus_weights,
            passes_per_epoch=passes_per_epoch,
        )
        self.cache = MemoryCache(cache_bytes)
        self._items = [
            tuple(row) for row in table.reindex(columns=["path", "start", "end", "channel"]).itertuples(index=False)
        ]

    @property
    def label_names(self) -> np.ndarray:
        return self.sampler.label_names

    def __len__(self) -> int:
        return self.sampler.num_batches

    def batch(self, epoch: int, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Draws one batch.

        Args:
            epoch: from 0.
            index: of the batch in the epoch.

        Returns:
            `({"waveforms": (P * K, samples) float32, "lengths": (P * K,) int32 in samples}, labels (P * K,) int32)`,
            those of one label in a row.
        """
        items = self.sampler.batch(epoch, index)
        window = int(self._random(_LENGTH, epoch, index).choice(self.window_lengths))
        places = self._random(_WINDOW, epoch, index).random(len(items))
        waveforms = np.zeros((len(items), window), np.float32)
        lengths = np.empty(len(items), np.int32)
        for row, (item, place) in enumerate(zip(items, places, strict=True)):
            samples = self._waveform(item)
            start = int(place * (max(0, len(samples) - window) + 1))
            part = samples[start : start + window]
            waveforms[row, : len(part)] = part
            lengths[row] = len(part)
        return {"waveforms": waveforms, "lengths": lengths}, self.sampler.codes[items]

    def _waveform(self, item: int) -> np.ndarray:
        samples = self.cache.get(int(item), lambda: self.reader.read(*self._items[item]))
        if len(samples) == 0:
            raise ValueError(
                f"No speech found in '{self._items[item][0]}'. Remove the row, or read without a speech detector."
            )
        return samples

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.default_rng((self.sampler.seed, *key))


def _check_columns(table: pd.DataFrame, within_corpus: bool) -> None:
    for column in ["path", "label", *(["corpus"] if within_corpus else [])]:
        if column not in table.columns:
            raise ValueError(
                f"`table` must have a column `{column}`. Received: {', '.join(map(str, table.columns))}. "
                "`read_manifest` makes such a table; in a folder, each label needs a sub-folder."
            )


def _check_labels(table: pd.DataFrame) -> None:
    empty = table["label"].isna() | (table["label"] == "")
    if empty.any():
        raise ValueError(
            f"Every row of `table` must have a label. Received: {empty.sum()} without, the first in row "
            f"{int(empty.to_numpy().argmax())}. Fill them in or remove the rows."
        )


def _window_lengths(window_seconds: float | tuple[float, float], sample_rate: int) -> np.ndarray:
    low, high = window_seconds if isinstance(window_seconds, tuple | list) else (window_seconds, window_seconds)
    if not 1 <= round(low * sample_rate) <= round(high * sample_rate):
        raise ValueError(
            f"`window_seconds` must be positive, or (shortest, longest). Received: window_seconds={window_seconds}."
        )
    return np.unique(np.round(np.linspace(low, high, _NUM_LENGTHS) * sample_rate).astype(int))
