"""What strong JPEG compression leaves of an image, in training only."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.custom_layers.image_augmentation import ImageAugmentation
from comparators.custom_layers.waveform_augmentation import value_range

# ITU T.81, tables K.1 and K.2: steps of the frequencies of a block, from the lowest (top left) to the highest.
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
_CHROMINANCE = np.full((8, 8), 99, np.float32)
_CHROMINANCE[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
# ITU T.871: from red, green and blue to luminance and two colour differences.
_TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
_TO_RGB = np.linalg.inv(_TO_YCC).astype(np.float32)
_COSINES = np.array(
    [
        [math.sqrt((1 if row == 0 else 2) / 8) * math.cos(math.pi * row * (2 * place + 1) / 16) for place in range(8)]
        for row in range(8)
    ],
    np.float32,
)


@keras.saving.register_keras_serializable("comparators")
class JpegArtifacts(ImageAugmentation):
    """Compresses and decompresses each image as JPEG does, at a quality that it draws.

    The loss of JPEG only (colours at half resolution, blocks of 8 x 8 cosines, rounding), not its file format: it
    matches PIL's to about one level of grey. `keras.layers` has none.

    Args:
        quality_range: lowest and highest quality, 1 to 100, as PIL and libjpeg count it.
        probability: that an item is changed.
        seed: of the draws.

    Call arguments:
        inputs: images `(batch, height, width, channels)` with 1 or 3 channels, uint8 or floats in 0..255.
        training: whether to change anything.

    Returns:
        float32 `(batch, height, width, channels)`, whole numbers where an item was changed.

    Raises:
        ValueError: an argument is out of its range, or images have neither 1 nor 3 channels.

    Example:
        >>> image = np.where(np.indices((32, 32)).sum(0) < 32, 0, 255)[None, ..., None]  # one diagonal edge
        >>> for quality in (90, 20):
        ...     compressed = JpegArtifacts((quality, quality), probability=1.0)(image, training=True)
        ...     print(round(float(np.abs(compressed - image).mean())))
        0
        4

    Reference:
        Wallace 1992, The JPEG still picture compression standard.
    """

    def __init__(
        self,
        quality_range: Sequence[float] = (30.0, 95.0),
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.quality_range = value_range("quality_range", quality_range)
        if self.quality_range[0] < 1 or self.quality_range[1] > 100:
            raise ValueError(f"`quality_range` must lie between 1 and 100. Received: quality_range={quality_range}.")

    def augment(self, images: KerasTensor) -> KerasTensor:
        batch, height, width, channels = ops.shape(images)
        if channels not in (1, 3):
            raise ValueError(f"Images must have 1 or 3 channels. Received: {channels} channels.")
        quality = self.draw(batch, self.quality_range)
        padded = _padded(images, 8 if channels == 1 else 16)
        if channels == 1:
            restored = _compress(padded - 128.0, _LUMINANCE, quality) + 128.0
        else:
            restored = _in_colour(padded, quality)
        return ops.round(restored[:, :height, :width])

    def get_config(self) -> dict:
        return super().get_config() | {"quality_range": list(self.quality_range)}


def _in_colour(images: KerasTensor, quality: KerasTensor) -> KerasTensor:
    """Compresses luminance, and colour differences at half the resolution."""
    _, height, width, _ = ops.shape(images)
    planes = ops.round(ops.matmul(images, _TO_YCC.T))
    luminance = _compress(planes[..., :1] - 128.0, _LUMINANCE, quality) + 128.0
    halves = ops.reshape(planes[..., 1:], (-1, height // 2, 2, width // 2, 2, 2))
    differences = _compress(ops.round(ops.mean(halves, axis=(2, 4))), _CHROMINANCE, quality)
    differences = ops.image.resize(differences, (height, width), interpolation="bilinear", data_format="channels_last")
    return ops.matmul(ops.concatenate([luminance, ops.round(differences)], axis=-1), _TO_RGB.T)


def _compress(planes: KerasTensor, table: np.ndarray, quality: KerasTensor) -> KerasTensor:
    """Rounds the frequencies of the blocks of `(batch, height, width, channels)`, with sides divisible by 8."""
    _, height, width, channels = ops.shape(planes)
    blocks = ops.reshape(planes, (-1, height // 8, 8, width // 8, 8, channels))
    blocks = ops.transpose(blocks, (0, 1, 3, 5, 2, 4))
    steps = _steps(table, quality)[:, None, None]
    frequencies = ops.matmul(ops.matmul(_COSINES, blocks), _COSINES.T)
    rounded = ops.round(frequencies / steps) * steps
    restored = ops.transpose(ops.matmul(ops.matmul(_COSINES.T, rounded), _COSINES), (0, 1, 4, 2, 5, 3))
    return ops.clip(ops.round(ops.reshape(restored, (-1, height, width, channels))), -128.0, 127.0)


def _steps(table: np.ndarray, quality: KerasTensor) -> KerasTensor:
    """Returns the steps at a quality `(batch, 1, 1, 1)`, by the rule of libjpeg."""
    percent = ops.where(quality < 50.0, 5000.0 / quality, 200.0 - 2.0 * quality)
    return ops.clip(ops.floor((percent * table + 50.0) / 100.0), 1.0, 255.0)


def _padded(images: KerasTensor, multiple: int) -> KerasTensor:
    """Repeats the last row and column until the sides are divisible."""
    _, height, width, _ = ops.shape(images)
    rows = ops.minimum(ops.arange(-(-height // multiple) * multiple), height - 1)
    columns = ops.minimum(ops.arange(-(-width // multiple) * multiple), width - 1)
    return ops.take(ops.take(images, rows, axis=1), columns, axis=2)
