"""Items that are images in files."""

import numpy as np
import pandas as pd

from comparators.generators.file_items import FileItems, Reader


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
        images = [self.read(item) for item in indices]
        for item, image in zip(indices, images, strict=True):
            if image.shape != images[0].shape:
                raise ValueError(
                    f"All images must be of one shape. Received: {image.shape} from '{self.path(item)}' and "
                    f"{images[0].shape} from '{self.path(indices[0])}'. Read them with an `ImageReader` of one size."
                )
        return np.stack(images)
