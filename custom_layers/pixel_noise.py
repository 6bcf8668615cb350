"""Noise on every pixel, as of a camera in the dark, in training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.image_augmentation import ImageAugmentation
from comparators.custom_layers.waveform_augmentation import value_range


@keras.saving.register_keras_serializable("comparators")
class PixelNoise(ImageAugmentation):
    """Adds normal noise to every value, as strong as each image draws.

    `keras.layers.GaussianNoise` has one strength for all and leaves the range of pixels.

    Args:
        deviation_range: lowest and highest standard deviation of the noise, of 255.
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
        >>> noisy = PixelNoise(deviation_range=(10, 10), seed=0)(ops.full((1, 64, 64, 3), 128), training=True)
        >>> round(float(ops.std(noisy)))
        10
    """

    def __init__(
        self,
        deviation_range: Sequence[float] = (0.0, 20.0),
        probability: float = 1.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.deviation_range = value_range("deviation_range", deviation_range)
        if self.deviation_range[0] < 0:
            raise ValueError(f"`deviation_range` must not be negative. Received: deviation_range={deviation_range}.")

    def augment(self, images: KerasTensor) -> KerasTensor:
        noise = keras.random.normal(ops.shape(images), dtype="float32", seed=self.seed_generator)
        return images + noise * self.draw(ops.shape(images)[0], self.deviation_range)

    def get_config(self) -> dict:
        return super().get_config() | {"deviation_range": list(self.deviation_range)}
