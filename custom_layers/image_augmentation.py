"""What all our augmentations of images share: who is changed, when, and in which range values stay."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class ImageAugmentation(keras.layers.Layer):
    """Base of the layers that change images while training, for what `keras.layers` lacks or does slowly.

    Each item draws for itself, and is changed with `probability`; sizes stay, values stay in 0..255. Outside of
    training the images come back as they are. They compute in float32 under any dtype policy. They go together with
    Keras's own layers, in any order, in `PixelEncoder(augmentation=[...])`:

    | for | take |
    |---|---|
    | mirror images | `keras.layers.RandomFlip("horizontal")` |
    | rotation, size, proportions, shear, shift | `RandomAffine` |
    | crop | `RandomAffine` with scales over 1 and shifts (`keras.layers.RandomCrop` cuts the whole batch alike) |
    | light | `keras.layers.RandomBrightness` and `RandomContrast`, with `value_range=(0, 255)` |
    | colour | `keras.layers.RandomColorJitter(value_range=(0, 255), ...)`, for 3 channels |
    | parts that are hidden | `keras.layers.RandomErasing(value_range=(0, 255))` |
    | noise of a camera | `PixelNoise` |
    | strong compression | `JpegArtifacts` |

    All of them work on TensorFlow, JAX and PyTorch, draw for each item, and are saved with the model.

    A subclass implements `augment(images)`.

    Args:
        probability: that an item is changed.
        seed: of the draws.

    Call arguments:
        inputs: images `(batch, height, width, channels)`, uint8 or floats in 0..255.
        training: whether to change anything.

    Returns:
        float32 `(batch, height, width, channels)`.

    Raises:
        ValueError: `probability` does not lie between 0 and 1.

    Example:
        >>> class Lighter(ImageAugmentation):
        ...     def augment(self, images):
        ...         return images + 100.0
        >>> ops.convert_to_numpy(Lighter()(ops.full((1, 1, 2, 1), 200), training=True)).ravel()
        array([255., 255.], dtype=float32)
    """

    def __init__(self, probability: float = 1.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        if not 0 <= probability <= 1:
            raise ValueError(f"`probability` must lie between 0 and 1. Received: probability={probability}.")
        self.probability = probability
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        images = ops.cast(inputs, "float32")
        if not training or self.probability == 0:
            return images
        changed = ops.clip(self.augment(images), 0.0, 255.0)
        if self.probability == 1:
            return changed
        return ops.where(self.draw(ops.shape(images)[0], (0.0, 1.0)) < self.probability, changed, images)

    def augment(self, images: KerasTensor) -> KerasTensor:
        """Returns all images changed; values out of 0..255 are clipped afterwards.

        Args:
            images: float32 `(batch, height, width, channels)`.

        Returns:
            float32 of the same shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `augment(images)`.")

    def draw(self, batch: int | KerasTensor, values: Sequence[float]) -> KerasTensor:
        """Returns `(batch, 1, 1, 1)` uniform draws between the two values."""
        return keras.random.uniform((batch, 1, 1, 1), *values, dtype="float32", seed=self.seed_generator)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"probability": self.probability, "seed": self.seed}
