"""Batches of windows of recordings: P labels, K windows of each."""

from collections.abc import Mapping

import pandas as pd

from comparators.generators.audio_items import AudioItems
from comparators.generators.audio_reader import AudioReader
from comparators.generators.group_sampler import GroupSampler
from comparators.generators.groups import Groups
from comparators.generators.memory_cache import MemoryCache


class AudioGroups(Groups):
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
        items: the `AudioItems`; its `cache` holds the decoded recordings.
        sampler: the `GroupSampler`.

    Raises:
        ValueError: a column is missing, there are too few labels, or an argument is out of its range; from
            `__getitem__`, naming the file, when a recording cannot be read or has no speech.

    Example:
        >>> import tempfile, numpy as np, soundfile
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
        sampler = GroupSampler.from_table(
            table, labels_per_batch, items_per_label, seed, within_corpus, corpus_weights, passes_per_epoch
        )
        items = AudioItems(table, window_seconds, reader, cache_bytes)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)

    @property
    def reader(self) -> AudioReader:
        """What reads the files."""
        return self.items.reader

    @property
    def cache(self) -> MemoryCache:
        """The decoded recordings."""
        return self.items.cache
