"""An encoder of images: augmentation, front end and trunk in one saved model."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class PixelEncoder(keras.Model):
    """Encodes images: `front_end` rescales pixels, `trunk` turns the result into embeddings.

    The front end is a layer inside the model, so that a saved file takes pixels and training and use cannot differ.

    Args:
        front_end: layer from pixels in 0..255 `(batch, height, width, channels)` to what the trunk takes, such as
            `keras.layers.Rescaling(1 / 127.5, offset=-1)`.
        trunk: model from rescaled images to embeddings `(batch, embedding_dim)`, such as `ImageTrunk`, or any of yours.
        image_shape: `(height, width, channels)` of the images.
        augmentation: layers applied to the pixels in training only, in this order, such as `RandomAffine` or
            `keras.layers.RandomFlip`. Each is called as `layer(images, training=True)` and keeps values in 0..255.
        name: name of the model.

    Call arguments:
        inputs: pixels `(batch, height, width, channels)`, uint8 or floats in 0..255.
        training: whether to augment.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: if `image_shape` is not three positive numbers, the last of them 1 or 3; from a call, if images are
            of another shape.

    Example:
        >>> import numpy as np
        >>> from comparators.models.encoders import ImageTrunk
        >>> trunk = ImageTrunk(channels=(8, 16), embedding_dim=4)
        >>> encoder = PixelEncoder(keras.layers.Rescaling(1 / 127.5, offset=-1), trunk, image_shape=(28, 28, 1))
        >>> tuple(encoder(np.zeros((2, 28, 28, 1), "uint8")).shape)
        (2, 4)
    """

    def __init__(
        self,
        front_end: keras.layers.Layer,
        trunk: keras.Model,
        image_shape: Sequence[int],
        augmentation: Sequence[keras.layers.Layer] = (),
        name: str | None = None,
    ):
        super().__init__(name=name)
        image_shape = tuple(int(size) for size in image_shape)
        if len(image_shape) != 3 or min(image_shape) < 1 or image_shape[-1] not in (1, 3):
            raise ValueError(
                "`image_shape` must be (height, width, channels) with 1 or 3 channels. "
                f"Received: image_shape={image_shape}."
            )
        self.front_end = front_end
        self.trunk = trunk
        self.image_shape = image_shape
        self.augmentation = list(augmentation)
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the parts know their shapes, whatever the batch."""
        if self.built:
            return
        pixels = keras.KerasTensor((None, *self.image_shape))
        self.trunk(self.front_end(pixels))
        for layer in self.augmentation:
            pixels = layer(pixels, training=True)
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        return self.trunk(self.features(inputs, training), training=training)

    def features(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        """Returns what the trunk takes: rescaled images, `(batch, height, width, channels)`.

        Args:
            inputs: see the call's.
            training: whether to augment.
        """
        if tuple(inputs.shape[1:]) != self.image_shape and None not in inputs.shape[1:]:
            raise ValueError(
                f"Images must be {self.image_shape}, (height, width, channels). Received: {tuple(inputs.shape[1:])}. "
                "`embed` brings any image to this size, and so does an `ImageReader` in batches."
            )
        pixels = ops.cast(inputs, "float32")
        if training:
            for layer in self.augmentation:
                pixels = layer(pixels, training=training)
        return self.front_end(pixels)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        rescaled = self.front_end.compute_output_shape((None, *self.image_shape))
        return int(self.trunk.compute_output_shape(rescaled)[-1])

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "front_end": serialize(self.front_end),
            "trunk": serialize(self.trunk),
            "image_shape": list(self.image_shape),
            "augmentation": [serialize(layer) for layer in self.augmentation],
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "PixelEncoder":
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            deserialize(config["front_end"]),
            deserialize(config["trunk"]),
            config["image_shape"],
            [deserialize(layer) for layer in config["augmentation"]],
            name=config["name"],
        )
