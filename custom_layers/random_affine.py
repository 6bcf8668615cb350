"""Turned, larger, stretched, sheared and shifted images, in training only."""

import math
from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.image_augmentation import ImageAugmentation
from comparators.custom_layers.waveform_augmentation import value_range


@keras.saving.register_keras_serializable("comparators")
class RandomAffine(ImageAugmentation):
    """Turns, scales, stretches, shears and shifts each image, in one bilinear resampling.

    One resampling blurs less than a chain of `RandomRotation`, `RandomZoom`, `RandomShear` and `RandomTranslation`, and
    costs less: see `benchmarks/image_augmentation.py`. Scales over 1 with shifts crop an image without changing its
    size.

    Args:
        rotation_degrees: largest angle, either way.
        scale_range: smallest and largest factor of the size; over 1 makes things larger.
        stretch_range: smallest and largest factor of width to height, the area kept.
        shear_degrees: largest angle by which vertical lines are slanted, either way.
        shift_fraction: largest shift, either way, along each side, as a share of it.
        fill_value: what is seen where the image ends, 0 to 255.
        probability: that an item is changed.
        seed: of the draws.

    Call arguments:
        inputs: images `(batch, height, width, channels)`, uint8 or floats in 0..255.
        training: whether to change anything.

    Returns:
        float32 `(batch, height, width, channels)`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> images = ops.reshape(ops.arange(4.0), (1, 2, 2, 1))
        >>> layer = RandomAffine(rotation_degrees=0, scale_range=(2, 2), fill_value=9)
        >>> ops.convert_to_numpy(layer(images, training=True)).reshape(2, 2)
        array([[0.75, 1.25],
               [1.75, 2.25]], dtype=float32)

    Reference:
        Koch et al. 2015, Siamese neural networks for one-shot image recognition (affine distortions of Omniglot).
    """

    def __init__(
        self,
        rotation_degrees: float = 10.0,
        scale_range: Sequence[float] = (1.0, 1.0),
        stretch_range: Sequence[float] = (1.0, 1.0),
        shear_degrees: float = 0.0,
        shift_fraction: float = 0.0,
        fill_value: float = 0.0,
        probability: float = 1.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.rotation_degrees = _between("rotation_degrees", rotation_degrees, 0, 180)
        self.scale_range = _positive_range("scale_range", scale_range)
        self.stretch_range = _positive_range("stretch_range", stretch_range)
        self.shear_degrees = _between("shear_degrees", shear_degrees, 0, 80)
        self.shift_fraction = _between("shift_fraction", shift_fraction, 0, 1)
        self.fill_value = _between("fill_value", fill_value, 0, 255)

    def augment(self, images: KerasTensor) -> KerasTensor:
        _, height, width, _ = ops.shape(images)
        rows, columns = self._sources(ops.shape(images)[0], height, width)
        return resample(images, rows, columns, self.fill_value)

    def _sources(self, batch: int | KerasTensor, height: int, width: int) -> tuple[KerasTensor, KerasTensor]:
        """Draws for each item and pixel where it comes from, as rows and columns `(batch, height, width)`."""
        angle, slant = self._angle(batch, self.rotation_degrees), self._angle(batch, self.shear_degrees)
        scale, stretch = self._factor(batch, self.scale_range), self._factor(batch, self.stretch_range)
        middle, centre = _middle(height), _middle(width)
        y = (ops.arange(height, dtype="float32") - middle)[None, :, None] - self._shift(batch, height)
        x = (ops.arange(width, dtype="float32") - centre)[None, None, :] - self._shift(batch, width)
        # Backwards, from the result to the image: shifted, turned, sheared, stretched, scaled.
        cosine, sine = ops.cos(angle), ops.sin(angle)
        turned_x, turned_y = cosine * x + sine * y, cosine * y - sine * x
        source_x = (turned_x + ops.tan(slant) * turned_y) / (scale * ops.sqrt(stretch))
        source_y = turned_y / scale * ops.sqrt(stretch)
        return source_y + middle, source_x + centre

    def _angle(self, batch, degrees: float) -> KerasTensor:
        return self.draw(batch, (-math.radians(degrees), math.radians(degrees)))[..., 0]

    def _factor(self, batch, values: tuple[float, float]) -> KerasTensor:
        """Twice as large is as likely as half as large."""
        return ops.exp(self.draw(batch, (math.log(values[0]), math.log(values[1]))))[..., 0]

    def _shift(self, batch, pixels) -> KerasTensor:
        return ops.cast(pixels, "float32") * self.draw(batch, (-self.shift_fraction, self.shift_fraction))[..., 0]

    def get_config(self) -> dict:
        return super().get_config() | {
            "rotation_degrees": self.rotation_degrees,
            "scale_range": list(self.scale_range),
            "stretch_range": list(self.stretch_range),
            "shear_degrees": self.shear_degrees,
            "shift_fraction": self.shift_fraction,
            "fill_value": self.fill_value,
        }


def resample(images: KerasTensor, rows: KerasTensor, columns: KerasTensor, fill_value: float) -> KerasTensor:
    """Takes pixels from between the pixels, bilinearly.

    Args:
        images: `(batch, height, width, channels)`.
        rows: `(batch, new_height, new_width)`, from 0 (centre of the first row) to height - 1; others are outside.
        columns: likewise.
        fill_value: what is outside.

    Returns:
        `(batch, new_height, new_width, channels)`.

    Example:
        >>> images = ops.reshape(ops.arange(4.0), (1, 2, 2, 1))
        >>> ops.convert_to_numpy(resample(images, ops.full((1, 1, 1), 0.5), ops.full((1, 1, 1), 0.0), 0.0)).ravel()
        array([1.], dtype=float32)
    """
    batch, height, width, channels = ops.shape(images)
    # A border of what is outside, so that no pixel needs to be asked whether it is there.
    pixels = ops.reshape(ops.pad(images - fill_value, ((0, 0), (1, 2), (1, 2), (0, 0))), (-1, channels))
    rows = ops.clip(rows, -1.0, ops.cast(height, "float32")) + 1.0
    columns = ops.clip(columns, -1.0, ops.cast(width, "float32")) + 1.0
    top, left = ops.floor(rows), ops.floor(columns)
    below, beside = (rows - top)[..., None], (columns - left)[..., None]
    stride = width + 3
    first = ops.arange(batch, dtype="int32")[:, None, None] * ((height + 3) * stride)
    first = first + ops.cast(top, "int32") * stride + ops.cast(left, "int32")
    upper = (1.0 - beside) * ops.take(pixels, first, axis=0) + beside * ops.take(pixels, first + 1, axis=0)
    first = first + stride
    lower = (1.0 - beside) * ops.take(pixels, first, axis=0) + beside * ops.take(pixels, first + 1, axis=0)
    return (1.0 - below) * upper + below * lower + fill_value


def _middle(pixels) -> KerasTensor:
    return (ops.cast(pixels, "float32") - 1.0) / 2.0


def _between(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError(f"`{name}` must lie between {low} and {high}. Received: {name}={value}.")
    return float(value)


def _positive_range(name: str, values: Sequence[float]) -> tuple[float, float]:
    low, high = value_range(name, values)
    if low <= 0:
        raise ValueError(f"`{name}` must be positive. Received: {name}={values}.")
    return low, high
