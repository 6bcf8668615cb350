"""An embedding for every place of an image."""

import keras
from keras import KerasTensor

from comparators.models.convert import TorchWeight, conv2d_weights
from comparators.models.encoders.residual_trunk import ResidualTrunk
from comparators.models.encoders.vgg_trunk import VGGTrunk

_VGG_MODULES = 30  # of VGG16's convolutional part without its last pool


@keras.saving.register_keras_serializable("comparators")
class ImageMap(keras.Model):
    """Turns images into maps of embeddings: a trunk, and a linear convolution over its map.

    The image branch of networks that compare places of an image with moments of a recording. Official weights come in
    through `comparators.models.convert.load_state(branch, path)`.

    Args:
        trunk: from images to a map, `VGGTrunk` or `ResidualTrunk` with `output="map"`.
        embedding_dim: values in the embedding of a place.
        kernel_size: places that the convolution sees in each direction, odd; official are 3 after VGG16 and 1 after a
            ResNet.
        name: name of the model.

    Call arguments:
        inputs: normalised images `(batch, height, width, 3)`.
        training: handed to the trunk.

    Returns:
        Map `(batch, map height, map width, embedding_dim)`, float32; for 224 x 224 pixels 14 x 14 places with VGG16 and
        7 x 7 with a ResNet.

    Raises:
        TypeError: the trunk is of another class.
        ValueError: the trunk gives no map, or a number is out of its range.

    Example:
        >>> import numpy as np
        >>> branch = ImageMap(VGGTrunk(channels=(2, 2, 2, 2, 4)), embedding_dim=8, kernel_size=3)
        >>> tuple(branch(np.zeros((1, 64, 64, 3), "float32")).shape)
        (1, 4, 4, 8)

    Reference:
        Harwath et al. 2018, Jointly discovering visual objects and spoken words from raw sensory input.
    """

    def __init__(
        self,
        trunk: VGGTrunk | ResidualTrunk,
        embedding_dim: int = 1024,
        kernel_size: int = 1,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not isinstance(trunk, VGGTrunk | ResidualTrunk):
            raise TypeError(f"`trunk` must be a `VGGTrunk` or a `ResidualTrunk`. Received: trunk={trunk!r}.")
        if len(trunk.compute_output_shape((None, None, None, 3))) != 4:
            raise ValueError('`trunk` must give a map. Received: a trunk of averages. Make it with `output="map"`.')
        if embedding_dim < 1:
            raise ValueError(f"`embedding_dim` must be positive. Received: embedding_dim={embedding_dim}.")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"`kernel_size` must be positive and odd. Received: kernel_size={kernel_size}.")
        self.trunk = trunk
        self.embedding_dim = embedding_dim
        self.kernel_size = kernel_size
        self.embedder = keras.layers.Conv2D(
            embedding_dim, kernel_size, padding="same", dtype="float32", name="embedder"
        )
        self.build()

    @classmethod
    def vgg16(cls, embedding_dim: int = 1024, trainable: bool = True, name: str | None = None) -> "ImageMap":
        """Makes the branch of DAVEnet's paper, with random weights.

        Args:
            embedding_dim: values in the embedding of a place.
            trainable: whether the trunk is trained.
            name: name of the model.
        """
        return cls(VGGTrunk(trainable=trainable, name="trunk"), embedding_dim, kernel_size=3, name=name)

    @classmethod
    def resnet(
        cls, depth: int, embedding_dim: int = 1024, trainable: bool = True, name: str | None = None
    ) -> "ImageMap":
        """Makes the branch with ResNet-18, -34, -50 (as ResDAVEnet has it) or -101, with random weights.

        Args:
            depth: 18, 34, 50 or 101.
            embedding_dim: values in the embedding of a place.
            trainable: whether the trunk is trained.
            name: name of the model.
        """
        trunk = ResidualTrunk.resnet(depth, output="map", trainable=trainable, name="trunk")
        return cls(trunk, embedding_dim, name=name)

    def build(self, input_shape: tuple | None = None) -> None:
        """Makes all variables at once: the trunk knows its channels."""
        if self.built:
            return
        self.embedder.build((None, None, None, self.trunk.embedding_dim))
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        return self.embedder(self.trunk(inputs, training=training))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*self.trunk.compute_output_shape(input_shape)[:3], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of the official state dict go."""
        if isinstance(self.trunk, VGGTrunk):
            weights = self.trunk.torch_weights("image_model.")
            return weights + conv2d_weights(f"image_model.{_VGG_MODULES}", self.embedder)
        return self.trunk.torch_weights() + conv2d_weights("embedder", self.embedder)

    def get_config(self) -> dict:
        return {
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "embedding_dim": self.embedding_dim,
            "kernel_size": self.kernel_size,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "ImageMap":
        return cls(**{**config, "trunk": keras.saving.deserialize_keras_object(config["trunk"])})
