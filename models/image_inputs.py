"""What every comparator of images does with its input: reading, sizes, channels, bulk."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from comparators.generators.image_reader import ImageReader
from comparators.generators.manifest import is_manifest, read_manifest
from comparators.models.bulk_embedding import BulkEmbedding, embed_files
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.encoders.pooled_maps import pooled

# Images that are encoded by one call of the network, together: 64 MB of pixels.
_BLOCK_BYTES = 2**26


class ImageInputs:
    """The part of `ImageEncoder` and `ImageSiamese` that takes files and arrays.

    A class that mixes it in names it before its family, and calls `take_images` at the end of its constructor.

    Attributes:
        reader: from files and arrays to pictures of the encoder's size.
    """

    media = "image"
    """Kind of file, as `read_manifest` names it."""
    item_name = "image"
    """What an item is called."""

    def take_images(self, reader: ImageReader | None) -> None:
        """Stores how images are read; by default they are padded to the encoder's size.

        Raises:
            TypeError: if the encoder is no `PixelEncoder`.
            ValueError: if the reader gives pictures of another shape than the encoder takes.
        """
        if not isinstance(self.encoder, PixelEncoder):
            raise TypeError(
                "`encoder` must be a `PixelEncoder(front_end, trunk, image_shape)`; for another kind of network use "
                f"`Encoder` or `Siamese`. Received: encoder={self.encoder!r}"
            )
        *size, channels = self.encoder.image_shape
        if reader is None:
            reader = ImageReader(size, mode="grey" if channels == 1 else "rgb")
        if (*reader.size, reader.channels) != self.encoder.image_shape:
            raise ValueError(
                f"`reader` must give what the encoder takes, {self.encoder.image_shape}. "
                f"Received: a reader of {(*reader.size, reader.channels)}."
            )
        self.reader = reader

    def read(self, image: str | os.PathLike | np.ndarray) -> np.ndarray:
        """Reads a file, or brings an array to the reader's size and channels.

        Args:
            image: a path; or uint8 `(height, width)` or `(height, width, channels)`.

        Returns:
            uint8 `(height, width, channels)`, of the reader's size.

        Raises:
            FileNotFoundError: if the file is missing.
            ValueError: if the file cannot be read, or the array is no image.
        """
        return self.reader.read(image) if isinstance(image, str | os.PathLike) else self.reader.fit_array(image)

    def read_and_measure(self, image: str | os.PathLike | np.ndarray) -> tuple[np.ndarray, float]:
        """Reads as `read` does; the seconds that recordings have beside are NaN."""
        return self.read(image), math.nan

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of images; the mean of its map, where the encoder gives maps.

        Files and arrays of any size, grey or coloured, are brought to the encoder's size and channels by the reader.
        For thousands of files use `embed_files`, which can go on after a stop and skips unreadable files.

        Args:
            inputs: paths, images `(height, width)` or `(height, width, channels)` of any sizes, an array
                `(n, height, width)` or `(n, height, width, channels)`, one path, or a folder, CSV manifest or DataFrame
                as `read_manifest` takes them. Arrays are uint8, 0 to 255.
            role: not needed, there is one encoder.
            batch_size: images encoded at once.

        Returns:
            Embeddings `(n, embedding_dim)`, float32, in the order of the inputs.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: if a file cannot be read, or an array is no image.
        """
        encoder = self.encoder_of(role)
        rows = [np.zeros((0, self.embedding_dim), np.float32)]
        for block in _blocks(self._images(inputs)):
            rows.append(pooled(encoder.predict(np.stack(block), batch_size=batch_size, verbose=0)))
        return np.concatenate(rows)

    def maps(self, inputs, batch_size: int = 64) -> np.ndarray:
        """Returns the maps of images, of an encoder that gives maps.

        Args:
            inputs: as `embed` takes them.
            batch_size: images encoded at once.

        Returns:
            `(n, height, width, embedding_dim)`, float32.
        """
        images = np.stack(list(self._images(inputs)))
        return np.asarray(self.encoder.predict(images, batch_size=batch_size, verbose=0), np.float32)

    def _images(self, inputs) -> Iterator[np.ndarray]:
        if isinstance(inputs, str | os.PathLike) and not os.path.isdir(inputs) and not is_manifest(inputs):
            inputs = [inputs]
        if isinstance(inputs, str | os.PathLike | Mapping | pd.DataFrame):
            inputs = read_manifest(inputs, media=self.media)["path"]
        if isinstance(inputs, np.ndarray):
            _check_several(inputs)
        for index, item in enumerate(inputs):
            is_file = isinstance(item, str | os.PathLike)
            yield self.reader.read(item) if is_file else self.reader.fit_array(item, f"image {index}")

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

    def get_config(self) -> dict:
        return {**super().get_config(), "reader": self.reader.get_config()}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        return {**super().parts_from_config(config), "reader": ImageReader.from_config(config["reader"])}


def _check_several(images: np.ndarray) -> None:
    """A colour image alone would be read as many thin grey ones."""
    if images.ndim == 2 or (images.ndim == 3 and images.shape[-1] <= 4):
        raise ValueError(
            "`inputs` must be several images, `(n, height, width)` or `(n, height, width, channels)`. "
            f"Received: shape {images.shape}. Put one image into a list: `[image]`."
        )


def _blocks(images: Iterator[np.ndarray]) -> Iterator[Sequence[np.ndarray]]:
    block: list[np.ndarray] = []
    for image in images:
        block.append(image)
        if len(block) * image.nbytes >= _BLOCK_BYTES:
            yield block
            block = []
    if block:
        yield block
