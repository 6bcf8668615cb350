"""From an image file or array to a picture of one size and one number of channels."""

import os
from collections.abc import Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from comparators.generators.image_array import check_image, converted
from comparators.generators.readable_file import check_readable_file

_PIL_MODES = {"grey": "L", "rgb": "RGB"}
_FITS = ("pad", "crop", "stretch")
_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_ORIENTATION = 0x0112  # the EXIF tag; its values 2 to 8 say how the camera was held
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageReader:
    """Reads any image that PIL knows, grey or coloured, as uint8 of one size.

    Photographs are turned as their EXIF orientation says, what is transparent shows the background, 16 bits become 8
    (65535 is white), and of an animation the first picture is taken. Colour profiles are not applied. Resizing is
    antialiased. A file that cannot be read, or only in part, raises an error that names it.

    Args:
        size: `(height, width)` of the pictures returned, in pixels.
        mode: `"grey"` (1 channel) or `"rgb"` (3 channels).
        fit: how another shape becomes `size`: `"pad"` keeps all of the image and fills up with the background,
            `"crop"` fills the picture and cuts off what stands out on both sides, `"stretch"` changes the proportions.
        background: behind what is transparent, and around padded images: a level of grey or `(red, green, blue)`,
            0 to 255.
        resize_shorter: pixels to which the shorter side is brought before the middle of `size` is cut out; only with
            `fit="crop"`. Photographs are usually evaluated so: 256, and 224 x 224 of it. None cuts out as much as there
            is room for.
        resample: how pixels are computed when the size changes: `"bilinear"` or `"bicubic"`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import tempfile
        >>> reader = ImageReader(size=(28, 28), mode="grey")
        >>> with tempfile.NamedTemporaryFile(suffix=".png") as file:
        ...     Image.new("RGB", (40, 20), "white").save(file.name)
        ...     picture = reader.read(file.name)
        >>> picture.shape, picture[:, 14, 0].tolist() == [0] * 7 + [255] * 14 + [0] * 7
        ((28, 28, 1), True)
    """

    def __init__(
        self,
        size: Sequence[int],
        mode: str = "rgb",
        fit: str = "pad",
        background: int | Sequence[int] = 0,
        resize_shorter: int | None = None,
        resample: str = "bilinear",
    ):
        if mode not in _PIL_MODES:
            raise ValueError(f"`mode` must be 'grey' or 'rgb'. Received: mode={mode!r}.")
        if fit not in _FITS:
            raise ValueError(f"`fit` must be one of {list(_FITS)}. Received: fit={fit!r}.")
        if resample not in _RESAMPLING:
            raise ValueError(f"`resample` must be one of {list(_RESAMPLING)}. Received: resample={resample!r}.")
        self.size = _check_size(size)
        self.mode = mode
        self.fit = fit
        self.background = _check_background(background)
        self.resize_shorter = resize_shorter
        self.resample = resample
        if resize_shorter is not None and (fit != "crop" or resize_shorter < max(self.size)):
            raise ValueError(
                '`resize_shorter` needs `fit="crop"` and must be at least the larger side of `size`. '
                f"Received: resize_shorter={resize_shorter}, fit={fit!r}, size={self.size}."
            )

    @property
    def channels(self) -> int:
        """Values of a pixel: 1 or 3."""
        return 1 if self.mode == "grey" else 3

    def read(self, path: str | os.PathLike) -> np.ndarray:
        """Reads a file.

        Args:
            path: the image.

        Returns:
            uint8 `(height, width, channels)`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file cannot be read, or only in part. The message names the file.
        """
        path = str(path)
        check_readable_file(path, "image")
        return self._finish(self._decode(path), f"image '{path}'")

    def read_whole(self, path: str | os.PathLike) -> np.ndarray:
        """Reads a file with its proportions kept and nothing cut off; its shorter side has `resize_shorter` pixels.

        Args:
            path: the image.

        Returns:
            uint8 `(height, width, channels)`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the reader has no `resize_shorter`; or the file cannot be read, or only in part.
        """
        if self.resize_shorter is None:
            raise ValueError(
                "A whole image needs the length of its shorter side. Received: resize_shorter=None. "
                'Make the reader with `fit="crop", resize_shorter=256`, or another length.'
            )
        path = str(path)
        check_readable_file(path, "image")
        image = converted(self._decode(path), _PIL_MODES[self.mode], self._rgb, f"image '{path}'")
        return _with_channels(_with_shorter_side(image, self.resize_shorter, _RESAMPLING[self.resample]))

    def fit_array(self, image: np.ndarray, name: str = "the image") -> np.ndarray:
        """Brings an image that is an array already to the reader's size and channels.

        An image of this size and these channels is returned as it is.

        Args:
            image: uint8 `(height, width)` or `(height, width, channels)`, with 1 channel (grey), 2 (grey, alpha),
                3 (red, green, blue) or 4 (and alpha).
            name: of the image, for the error.

        Returns:
            uint8 `(height, width, channels)`.

        Raises:
            ValueError: the array has another type or shape, or is empty.
        """
        image = check_image(image, name)
        if image.shape == (*self.size, self.channels):
            return image
        return self._finish(Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image), name)

    @property
    def _rgb(self) -> tuple[int, int, int]:
        return (self.background,) * 3 if isinstance(self.background, int) else self.background

    def get_config(self) -> dict:
        """Returns the constructor's arguments as plain values."""
        background = self.background if isinstance(self.background, int) else list(self.background)
        return {
            "size": list(self.size),
            "mode": self.mode,
            "fit": self.fit,
            "background": background,
            "resize_shorter": self.resize_shorter,
            "resample": self.resample,
        }

    @classmethod
    def from_config(cls, config: dict) -> "ImageReader":
        """Builds a reader from what `get_config` returned."""
        return cls(**config)

    def _decode(self, path: str) -> Image.Image:
        try:
            with Image.open(path) as image:
                if self.resize_shorter is None:
                    # Large JPEG photographs are halved while they are decoded, as long as twice the size remains.
                    # Not where photographs are read as published networks are evaluated: it changes pixels a little.
                    image.draft(None, (2 * max(self.size),) * 2)
                turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION))
                image.load()
                return image if turn is None else image.transpose(turn)
        except Image.DecompressionBombError as error:
            raise ValueError(
                f"Image too large: '{path}' ({error}). Make it smaller, or remove it; where you trust it, raise "
                "`PIL.Image.MAX_IMAGE_PIXELS`."
            ) from error
        except UnidentifiedImageError as error:
            raise ValueError(
                f"Not a readable image: '{path}' ({_what_it_is(path)}). It must be PNG, JPEG, WebP, BMP, GIF or TIFF: "
                "convert it, or remove it."
            ) from error
        except Exception as error:  # PIL's decoders raise almost anything on a damaged file
            raise ValueError(
                f"Truncated or damaged image: '{path}' ({error}). Copy it again, export it again, or remove it."
            ) from error

    def _finish(self, image: Image.Image, name: str) -> np.ndarray:
        return _with_channels(self._resize(converted(image, _PIL_MODES[self.mode], self._rgb, name)))

    def _resize(self, image: Image.Image) -> Image.Image:
        height, width = self.size
        resample = _RESAMPLING[self.resample]
        if self.resize_shorter is not None:
            image = _with_shorter_side(image, self.resize_shorter, resample)
            left, top = round((image.width - width) / 2), round((image.height - height) / 2)
            return image.crop((left, top, left + width, top + height))
        if image.size == (width, height):
            return image
        if self.fit == "stretch":
            return image.resize((width, height), resample)
        if self.fit == "crop":
            scale = max(width / image.width, height / image.height)
            left, top = (image.width - width / scale) / 2, (image.height - height / scale) / 2
            box = (max(left, 0.0), max(top, 0.0), image.width - max(left, 0.0), image.height - max(top, 0.0))
            return image.resize((width, height), resample, box=box)
        scale = min(width / image.width, height / image.height)
        inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        colour = Image.new("RGB", (1, 1), self._rgb).convert(image.mode).getpixel((0, 0))
        picture = Image.new(image.mode, (width, height), colour)
        resized = image.resize(inner, resample)
        picture.paste(resized, ((width - inner[0]) // 2, (height - inner[1]) // 2))
        return picture


def _with_channels(picture: Image.Image) -> np.ndarray:
    array = np.array(picture)
    return array if array.ndim == 3 else array[..., None]


def _with_shorter_side(image: Image.Image, length: int, resample: Image.Resampling) -> Image.Image:
    """Resizes as torchvision does: the longer side is rounded down."""
    shorter = min(image.size)
    width, height = (length * side // shorter for side in image.size)
    return image if shorter == length else image.resize((width, height), resample)


def _what_it_is(path: str) -> str:
    """Says what a file that is no image seems to be, from its first bytes."""
    with open(path, "rb") as file:
        head = file.read(256)
    text = head.decode("utf-8", errors="ignore")
    if len(text.encode()) >= len(head) - 3 and all(sign.isprintable() or sign.isspace() for sign in text):
        return f"a text that begins with {text[:20]!r}"
    return f"its first bytes are {head[:8]!r}"


def _check_size(size: Sequence[int]) -> tuple[int, int]:
    sizes = tuple(size) if isinstance(size, Sequence | np.ndarray) and not isinstance(size, str) else ()
    if len(sizes) != 2 or any(int(value) != value or value < 1 for value in sizes):
        raise ValueError(f"`size` must be `(height, width)`, positive integers, in pixels. Received: size={size!r}.")
    return int(sizes[0]), int(sizes[1])


def _check_background(background: int | Sequence[int]) -> int | tuple[int, int, int]:
    values = np.atleast_1d(np.asarray(background))
    valid = values.dtype.kind in "iu" and values.shape in ((1,), (3,)) and ((values >= 0) & (values <= 255)).all()
    if not valid:
        raise ValueError(
            "`background` must be a level of grey or `(red, green, blue)`, integers from 0 to 255. "
            f"Received: background={background!r}."
        )
    return int(values[0]) if np.ndim(background) == 0 else tuple(int(value) for value in values)
