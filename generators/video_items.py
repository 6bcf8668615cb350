"""Items that are videos in files, as some frames of each."""

import numpy as np
import pandas as pd

from comparators.generators.file_items import FileItems
from comparators.generators.video_reader import VideoReader


class VideoItems(FileItems):
    """Videos as the items of batches: evenly spaced frames of each.

    Args:
        table: with a column `path`, as `read_manifest` returns it.
        reader: of the files; it says how many frames, and of what size.
        cache_bytes: memory for decoded frames, in each process; 0 keeps none.

    Attributes:
        cache: the `MemoryCache`.

    Raises:
        ValueError: there is no column `path` or `cache_bytes` is negative; from `take`, naming the file, when a video
            cannot be read.

    Example:
        >>> items = VideoItems(pd.DataFrame({"path": ["a.mp4", "b.mp4"]}), VideoReader(num_frames=4, size=32))
        >>> len(items)
        2
    """

    def __init__(self, table: pd.DataFrame, reader: VideoReader, cache_bytes: int = 2**31):
        super().__init__(table, reader, cache_bytes)

    def read(self, item: int) -> np.ndarray:
        """Returns the frames of a video, uint8 `(frames, height, width, 3)`, read-only."""
        return self.cache.get(int(item), lambda: self.reader.read_frames(self.path(item)))

    def take(self, indices: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns the frames of some videos, uint8 `(batch, frames, height, width, 3)`; nothing about them is random.

        Args:
            indices: positions of the videos, `(batch,)`.
            random: not used.
        """
        return np.stack(self.read_all(indices))
