"""Items that are random crops of images in files."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from PIL import Image

from comparators.generators.file_items import FileItems
from comparators.generators.image_reader import ImageReader

_ATTEMPTS = 10


class CroppedImageItems(FileItems):
    """Images as the items of batches, a random part of each, brought to one size and mirrored half the time.

    The usual augmentation of photographs in training; evaluation takes `ImageItems` with the same reader. Whole images
    are kept in memory with the reader's `resize_shorter` for their shorter side, and the parts are cut out of these.

    Args:
        table: as `read_manifest` returns it, with a column `path`.
        reader: of the files, with `resize_shorter`; its `size` is the size of the crops.
        area: smallest and largest share of the image that a crop takes.
        aspect: smallest and largest ratio of a crop's width to its height, before it is brought to the size.
        flip: probability that a crop is mirrored.
        cache_bytes: memory for decoded images, in each process; 0 keeps none.

    Attributes:
        cache: the `MemoryCache`.

    Raises:
        ValueError: the reader has no `resize_shorter`, or a number is out of its range.

    Example:
        >>> import tempfile
        >>> reader = ImageReader((224, 224), fit="crop", resize_shorter=256)
        >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
        ...     Image.new("RGB", (40, 20)).save(file.name)
        ...     items = CroppedImageItems(pd.DataFrame({"path": [file.name]}), reader)
        ...     items.take(np.array([0, 0]), np.random.default_rng(0)).shape
        (2, 224, 224, 3)

    Reference:
        Szegedy et al. 2015, Going deeper with convolutions; torchvision's `RandomResizedCrop`.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        reader: ImageReader,
        area: Sequence[float] = (0.08, 1.0),
        aspect: Sequence[float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
        cache_bytes: int = 2**31,
    ):
        super().__init__(table, reader, cache_bytes)
        if getattr(reader, "resize_shorter", None) is None:
            raise ValueError(
                "`reader` must give whole images. Received: a reader without `resize_shorter`. "
                'Make it with `ImageReader(size, fit="crop", resize_shorter=256)`.'
            )
        if not 0 < area[0] <= area[1] <= 1:
            raise ValueError(f"`area` must be two shares, above 0 and up to 1, in order. Received: area={area}.")
        if not 0 < aspect[0] <= aspect[1]:
            raise ValueError(f"`aspect` must be two positive ratios, in order. Received: aspect={aspect}.")
        if not 0 <= flip <= 1:
            raise ValueError(f"`flip` must be from 0 to 1. Received: flip={flip}.")
        self.area = tuple(area)
        self.aspect = tuple(aspect)
        self.flip = flip

    def read(self, item: int) -> np.ndarray:
        """Returns the whole image of an item, read-only."""
        return self.cache.get(int(item), lambda: self.reader.read_whole(self.path(item)))

    def take(self, indices: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns crops of some images, uint8 `(batch, height, width, channels)`.

        Args:
            indices: positions of the images, `(batch,)`; one that is named twice gives two crops.
            random: for the crops and what is mirrored.
        """
        return np.stack([self._crop(image, random) for image in self.read_all(indices)])

    def _crop(self, image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        top, left, height, width = draw_box(image.shape[:2], self.area, self.aspect, random)
        part = image[top : top + height, left : left + width]
        picture = Image.fromarray(part[..., 0] if part.shape[-1] == 1 else part)
        crop = np.asarray(picture.resize(self.reader.size[::-1], Image.Resampling.BILINEAR))
        crop = crop.reshape(*self.reader.size, -1)
        return crop[:, ::-1] if random.random() < self.flip else crop


def draw_box(
    size: tuple[int, int], area: tuple[float, float], aspect: tuple[float, float], random: np.random.Generator
) -> tuple[int, int, int, int]:
    """Draws a part of an image.

    Area and logarithm of the aspect are uniform. Where ten drawn parts do not fit into the image, the largest part in
    its middle is taken whose aspect is allowed.

    Args:
        size: `(height, width)` of the image, in pixels.
        area: smallest and largest share of the image.
        aspect: smallest and largest ratio of width to height.
        random: what is drawn from.

    Returns:
        `(top, left, height, width)`.

    Example:
        >>> draw_box((30, 40), (1.0, 1.0), (4 / 3, 4 / 3), np.random.default_rng(0))
        (0, 0, 30, 40)
        >>> draw_box((30, 400), (1.0, 1.0), (1.0, 1.0), np.random.default_rng(0))
        (0, 185, 30, 30)
    """
    for _ in range(_ATTEMPTS):
        pixels = size[0] * size[1] * random.uniform(*area)
        ratio = math.exp(random.uniform(math.log(aspect[0]), math.log(aspect[1])))
        height, width = max(1, round(math.sqrt(pixels / ratio))), max(1, round(math.sqrt(pixels * ratio)))
        if height <= size[0] and width <= size[1]:
            top, left = random.integers(size[0] - height + 1), random.integers(size[1] - width + 1)
            return int(top), int(left), height, width
    ratio = min(max(size[1] / size[0], aspect[0]), aspect[1])
    height, width = min(size[0], round(size[1] / ratio)), min(size[1], round(size[0] * ratio))
    return (size[0] - height) // 2, (size[1] - width) // 2, max(1, height), max(1, width)
