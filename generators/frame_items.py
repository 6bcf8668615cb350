"""Items that are clips, of each of which one frame is shown."""

import copy
import itertools
import os

import numpy as np
import pandas as pd

from comparators.generators.image_items import ImageItems
from comparators.generators.image_reader import ImageReader
from comparators.generators.table_columns import check_columns


class FrameItems(ImageItems):
    """Clips as the items of batches, one frame of each: a random one in training, the middle one in evaluation.

    Args:
        table: as `read_clip_manifest` returns it: frame i of a clip is the file `VIDEO_PATH/frame_i/VIDEO_ID.jpg`.
        frame: `"random"`, `"middle"`, or which one, from 0.
        reader: of the files; None reads 224 x 224 pixels as CAV-MAE is evaluated (the shorter side is brought to 224,
            bicubic, and the middle is cut out).
        num_frames: of each clip.
        cache_bytes: memory for decoded frames, in each process; 0 keeps none.

    Raises:
        ValueError: a column is missing, there is no such frame, or `cache_bytes` is negative; from `take`, naming the
            file, when a frame cannot be read.

    Example:
        >>> import os
        >>> from PIL import Image
        >>> for number in range(3):
        ...     os.makedirs(f"frame_{number}")
        ...     Image.new("RGB", (320, 240), (number, 0, 0)).save(f"frame_{number}/x.jpg", quality=100)
        >>> items = FrameItems(pd.DataFrame({"video_path": ["."], "video_id": ["x"]}), "middle", num_frames=3)
        >>> items.take(np.array([0, 0]), np.random.default_rng(0)).shape
        (2, 224, 224, 3)
    """

    def __init__(
        self,
        table: pd.DataFrame,
        frame: str | int = "random",
        reader: ImageReader | None = None,
        num_frames: int = 10,
        cache_bytes: int = 2**31,
    ):
        check_columns(table, ["video_path", "video_id"], "read_clip_manifest")
        if num_frames < 1:
            raise ValueError(f"`num_frames` must be positive. Received: num_frames={num_frames}.")
        clips = zip(table["video_path"], table["video_id"], strict=True)
        paths = [frame_path(folder, name, number) for folder, name in clips for number in range(num_frames)]
        reader = (
            ImageReader((224, 224), "rgb", "crop", resize_shorter=224, resample="bicubic") if reader is None else reader
        )
        super().__init__(pd.DataFrame({"path": paths}), reader, cache_bytes)
        self.num_frames = num_frames
        self.frame = self._check_frame(frame)

    def __len__(self) -> int:
        return len(self._rows) // self.num_frames

    def with_frame(self, frame: str | int) -> "FrameItems":
        """Returns the same clips (and the same cache) with another frame of each.

        Args:
            frame: see the class.
        """
        other = copy.copy(self)
        other.frame = self._check_frame(frame)
        return other

    def check(self, item: int) -> None:
        """Raises what is wrong with any frame of a clip."""
        for number in range(self.num_frames):
            self.read(item * self.num_frames + number)

    def take(self, indices: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns a frame of each of some clips, uint8 `(batch, height, width, channels)`.

        Args:
            indices: positions of the clips, `(batch,)`.
            random: draws the frames, where they are random.
        """
        frames = {"middle": self.num_frames // 2}.get(self.frame, self.frame)
        if frames == "random":
            frames = random.integers(self.num_frames, size=len(indices))
        return super().take(np.asarray(indices) * self.num_frames + frames, random)

    def _check_frame(self, frame: str | int) -> str | int:
        if frame not in ("random", "middle") and (isinstance(frame, str) or not 0 <= frame < self.num_frames):
            raise ValueError(
                f"`frame` must be 'random', 'middle' or from 0 to {self.num_frames - 1}. Received: frame={frame!r}."
            )
        return frame


def frame_path(folder: str, name: str, number: int) -> str:
    """Returns the file of a frame of a clip: the `video_path` and `video_id` of its row, and which, from 0."""
    return f"{folder}/frame_{number}/{name}.jpg"


def count_frames(table: pd.DataFrame) -> int:
    """Counts the frames of the first clip that has some; all clips of a manifest have as many.

    Args:
        table: as `read_clip_manifest` returns it.

    Raises:
        ValueError: a column is missing, or there are no frames.

    Example:
        >>> import os
        >>> for number in range(3):
        ...     os.makedirs(f"clips/frame_{number}")
        ...     open(f"clips/frame_{number}/x.jpg", "w").close()
        >>> count_frames(pd.DataFrame({"video_path": ["clips"], "video_id": ["x"]}))
        3
    """
    check_columns(table, ["video_path", "video_id"], "read_clip_manifest")
    for folder, name in zip(table["video_path"], table["video_id"], strict=True):
        count = next(number for number in itertools.count() if not os.path.exists(frame_path(folder, name, number)))
        if count:
            return count
    raise ValueError(
        f"No frames of {len(table)} clips, such as '{frame_path(folder, name, 0)}'. Correct `video_path` and "
        "`video_id`, or extract the videos with `comparators extract-video`."
    )
