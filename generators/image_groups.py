"""Batches of images in files: P labels, K images of each."""

from collections.abc import Mapping

import pandas as pd

from comparators.generators.file_items import Reader
from comparators.generators.group_sampler import GroupSampler
from comparators.generators.groups import Groups
from comparators.generators.image_items import ImageItems


class ImageGroups(Groups):
    """Trains encoders on images in files: batches of `labels_per_batch` labels with `items_per_label` images each.

    A batch is a pure function of (seed, epoch, index): see `GroupSampler` for which images are in it.

    Args:
        table: as `read_manifest` returns it: columns `path` and `label`, and where there is such `corpus`.
        labels_per_batch: P.
        items_per_label: K.
        reader: of the files, such as `ImageReader(size)`.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        within_corpus: each batch stays within one corpus of the column `corpus`.
        corpus_weights: corpus -> factor on its number of batches, with `within_corpus`.
        passes_per_epoch: how often each label comes in an epoch.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        cache_bytes: memory for decoded images, in each process; 0 keeps none.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; their position is their code in the batches.
        items: the `ImageItems`; its `cache` holds the decoded images.
        sampler: the `GroupSampler`.

    Raises:
        ValueError: a column is missing, there are too few labels, or an argument is out of its range; from
            `__getitem__`, naming the file, when an image cannot be read.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> from comparators.generators.image_reader import ImageReader
        >>> folder = tempfile.TemporaryDirectory()
        >>> paths = [f"{folder.name}/{number}.png" for number in range(4)]
        >>> for path in paths:
        ...     Image.new("RGB", (40, 20)).save(path)
        >>> table = pd.DataFrame({"path": paths, "label": ["cat", "cat", "dog", "dog"]})
        >>> images, labels = ImageGroups(table, 2, 2, reader=ImageReader(size=(28, 28)))[0]
        >>> images.shape, images.dtype, labels.tolist()
        ((4, 28, 28, 3), dtype('uint8'), [0, 0, 1, 1])
        >>> folder.cleanup()
    """

    def __init__(
        self,
        table: pd.DataFrame,
        labels_per_batch: int,
        items_per_label: int,
        reader: Reader,
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
        items = ImageItems(table, reader, cache_bytes)
        super().__init__(items, sampler, start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
