"""Items that are images in files."""

import numpy as np
import pandas as pd

from comparators.generators.file_items import FileItems, Reader

_ALIGNMENT = 64  # bytes


class ImageItems(FileItems):
    """Images as the items of batches.

    Args:
        table: as `read_manifest` returns it, with a column `path`.
        reader: of the files, such as `ImageReader(size)`: its `read(path)` returns uint8 `(height, width, channels)`,
            of one shape for all.
        cache_bytes: memory for decoded images, in each process; 0 keeps none.

    Attributes:
        cache: the `MemoryCache`.

    Raises:
        ValueError: there is no column `path` or `cache_bytes` is negative; from `take`, naming the file, when an image
            cannot be read or has another shape.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> from comparators.generators.image_reader import ImageReader
        >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
        ...     Image.new("RGB", (40, 20)).save(file.name)
        ...     items = ImageItems(pd.DataFrame({"path": [file.name]}), ImageReader(size=(28, 28)))
        ...     items.take(np.array([0, 0]), np.random.default_rng(0)).shape
        (2, 28, 28, 3)
    """

    def __init__(self, table: pd.DataFrame, reader: Reader, cache_bytes: int = 2**31):
        super().__init__(table, reader, cache_bytes)

    def take(self, indices: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns some images, uint8 `(batch, height, width, channels)`; nothing about them is random.

        Args:
            indices: positions of the images, `(batch,)`.
            random: not used.
        """
        images = self.read_all(indices)
        if len({image.shape for image in images}) > 1:
            other = next(row for row, image in enumerate(images) if image.shape != images[0].shape)
            raise ValueError(
                f"All images must be of one shape. Received: {images[other].shape} from '{self.path(indices[other])}' "
                f"and {images[0].shape} from '{self.path(indices[0])}'. Read them with an `ImageReader` of one size."
            )
        return np.stack(images, out=_aligned((len(images), *images[0].shape), images[0].dtype))


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Returns an empty array that begins where TensorFlow can take it as it is, without another copy."""
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + size].view(dtype).reshape(shape)
