"""What an image array must be, and how any PIL image becomes plain grey or red, green and blue of 8 bits."""

import numpy as np
from PIL import Image

_CHANNELS = (1, 2, 3, 4)


def check_image(image: np.ndarray, name: str = "the image") -> np.ndarray:
    """Returns an image as uint8 `(height, width, channels)`, or says what is wrong with it.

    Args:
        image: uint8 `(height, width)` or `(height, width, channels)`, with 1 to 4 channels.
        name: of the image, for the error.

    Raises:
        ValueError: the array has another type or shape, or is empty.

    Example:
        >>> check_image(np.zeros((28, 28), bool))
        Traceback (most recent call last):
        ValueError: the image must be uint8, 0 to 255. Received: bool. Convert it: `255 * image.astype("uint8")`.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise ValueError(f"{name} must be uint8, 0 to 255. Received: {image.dtype}. {_remedy(image.dtype)}")
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim == 3 and image.shape[-1] not in _CHANNELS and image.shape[0] in _CHANNELS:
        raise ValueError(
            f"{name} must have its channels last. Received: shape {image.shape}. Use `np.moveaxis(image, 0, -1)`."
        )
    if image.ndim != 3 or image.shape[-1] not in _CHANNELS or not image.size:
        raise ValueError(
            f"{name} must be `(height, width)` or `(height, width, channels)` with 1 to 4 channels, not empty. "
            f"Received: shape {image.shape}."
        )
    return image


def converted(image: Image.Image, mode: str, background: tuple[int, int, int], name: str) -> Image.Image:
    """Returns an image in a mode of 8 bits without transparency.

    Args:
        image: of any mode.
        mode: `"L"` or `"RGB"`.
        background: what is seen behind the transparent parts, red, green and blue.
        name: of the image, for the error.

    Raises:
        ValueError: the values have no known range, or the colours cannot be converted.

    Example:
        >>> converted(Image.new("LA", (1, 1), (255, 0)), "RGB", (9, 8, 7), "the image").getpixel((0, 0))
        (9, 8, 7)
    """
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image, name)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image)
    try:
        return image.convert(mode)
    except ValueError as error:
        raise ValueError(f"The colours of {name} cannot be read ({error}). Export it as grey or RGB.") from error


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65_535:
        raise ValueError(
            f"Unknown range of {name}: it has 32 bits a pixel, from {values.min():g} to {values.max():g}. "
            "Export it with 8 or 16 bits."
        )
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _remedy(dtype: np.dtype) -> str:
    if dtype.kind == "f":
        return 'Convert it: `(255 * image).round().astype("uint8")` where white is 1.'
    if dtype.kind == "b":
        return 'Convert it: `255 * image.astype("uint8")`.'
    if dtype == np.uint16:
        return 'Convert it: `(image // 257).astype("uint8")` where white is 65535.'
    return 'Convert it: `image.astype("uint8")` where white is 255.'
