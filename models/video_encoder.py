"""An encoder of videos, by their frames."""

import os
from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np
import pandas as pd

from comparators.custom_layers.objective import Objective
from comparators.generators.manifest import is_manifest, read_manifest
from comparators.generators.video_reader import VideoReader
from comparators.models.encoder import Encoder
from comparators.models.encoders.frame_average import FrameAverage

# Videos that are encoded by one call of the network, together: 64 MB of pixels.
_BLOCK_BYTES = 2**26


@keras.saving.register_keras_serializable("comparators")
class VideoEncoder(Encoder):
    """Encodes videos by evenly spaced frames of them.

    Args:
        encoder: of the frames.
        objective: layer from embeddings and labels to a loss; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        reader: from files to frames of the encoder's size; None takes ten frames of each.
        name: name of the model.

    Call arguments:
        inputs: `{"frames": (batch, frames, height, width, 3), "lengths": (batch,)}`, or the frames alone.
        training: handed to the encoder.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Raises:
        TypeError: `encoder` is no `FrameAverage`.
        ValueError: the encoder's frames are no coloured squares, or the reader gives them of another size.

    Example:
        >>> from comparators.models.encoders import ImageTrunk, PixelEncoder
        >>> trunk = ImageTrunk(channels=(4,), embedding_dim=6, pooling="average")
        >>> frames = PixelEncoder(keras.layers.Rescaling(1 / 255), trunk, image_shape=(8, 8, 3))
        >>> model = VideoEncoder(FrameAverage(frames))
        >>> model.embed([np.zeros((5, 8, 8, 3), "uint8"), np.zeros((2, 8, 8, 3), "uint8")]).shape
        (2, 6)
    """

    media = "video"
    """Kind of item."""
    item_name = "video"
    """What an item is called."""

    def __init__(
        self,
        encoder: FrameAverage,
        objective: Objective | None = None,
        similarity: str = "cosine",
        reader: VideoReader | None = None,
        name: str | None = None,
    ):
        if not isinstance(encoder, FrameAverage):
            raise TypeError(f"`encoder` must be a `FrameAverage`. Received: encoder={encoder!r}")
        super().__init__(encoder, objective=objective, similarity=similarity, name=name)
        height = encoder.image_shape[0]
        reader = VideoReader(size=height) if reader is None else reader
        if encoder.image_shape != (reader.size, reader.size, 3):
            raise ValueError(
                f"`reader` must give the frames that the encoder takes, {encoder.image_shape}; videos are read as "
                f"coloured squares. Received: a reader of {(reader.size, reader.size, 3)}."
            )
        self.reader = reader

    def read(self, video: str | os.PathLike | np.ndarray) -> np.ndarray:
        """Reads a file, or brings the frames of an array to the encoder's size.

        Args:
            video: a path; or frames, uint8 `(frames, height, width, channels)`.

        Returns:
            uint8 `(frames, height, width, 3)`, of the encoder's size.

        Raises:
            FileNotFoundError: if the file is missing.
            ValueError: if the file cannot be read, or the array has no frames.
        """
        if isinstance(video, str | os.PathLike):
            return self.reader.read_frames(video)
        if np.ndim(video) != 4 or not len(video):
            raise ValueError(
                "A video must be a path or an array `(frames, height, width, channels)` with at least one frame. "
                f"Received: shape {np.shape(video)}."
            )
        fit = self.reader.image_reader.fit_array
        return np.stack([fit(frame, f"frame {number}") for number, frame in enumerate(video)])

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of videos.

        Args:
            inputs: paths, arrays `(frames, height, width, channels)` of any numbers of frames, an array of several
                videos, one path, or a CSV manifest or DataFrame as `read_manifest` takes them.
            role: not needed, there is one encoder.
            batch_size: frames encoded at once, at least those of one video.

        Returns:
            Embeddings `(n, embedding_dim)`, float32, in the order of the inputs.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: if a file cannot be read, or an array is no video.
        """
        encoder = self.encoder_of(role)
        rows = [np.zeros((0, self.embedding_dim), np.float32)]
        for block in _blocks(self._videos(inputs)):
            batch = _padded(block)
            at_once = max(1, batch_size // batch["frames"].shape[1])
            rows.append(np.asarray(encoder.predict(batch, batch_size=at_once, verbose=0), np.float32))
        return np.concatenate(rows)

    def _videos(self, inputs) -> Iterator[np.ndarray]:
        if isinstance(inputs, str | os.PathLike) and not os.path.isdir(inputs) and not is_manifest(inputs):
            inputs = [inputs]
        if isinstance(inputs, str | os.PathLike | Mapping | pd.DataFrame):
            inputs = read_manifest(inputs)["path"]
        for item in inputs:
            yield self.read(item)

    def get_config(self) -> dict:
        return {**super().get_config(), "reader": self.reader.get_config()}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        return {**super().parts_from_config(config), "reader": VideoReader.from_config(config["reader"])}


def _padded(videos: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    lengths = np.array([len(video) for video in videos], np.int32)
    frames = np.zeros((len(videos), lengths.max(), *videos[0].shape[1:]), np.uint8)
    for row, video in zip(frames, videos, strict=True):
        row[: len(video)] = video
    return {"frames": frames, "lengths": lengths}


def _blocks(videos: Iterator[np.ndarray]) -> Iterator[Sequence[np.ndarray]]:
    block: list[np.ndarray] = []
    longest = 0
    for video in videos:
        longest = max(longest, video.nbytes)
        if block and longest * (len(block) + 1) > _BLOCK_BYTES:
            yield block
            block, longest = [], video.nbytes
        block.append(video)
    if block:
        yield block
