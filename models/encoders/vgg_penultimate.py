"""The features before the classifier of VGG16."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.models.convert import TorchWeight, linear_weights
from comparators.models.encoders.vgg_trunk import VGGTrunk

_STRIDE = 32


@keras.saving.register_keras_serializable("comparators")
class VGGPenultimate(keras.Model):
    """Turns images of one size into the features that VGG16's classifier sees, and these into embeddings.

    The image branch of the first network of spoken captions: 4,096 fixed features and a linear layer. The dropout of
    VGG16's classifier is left out, since its features are meant to stay. Weights of torchvision come in through
    `comparators.models.convert.load_state(trunk, path, unused=("classifier.6.",))`; the projection keeps its own.

    Args:
        embedding_dim: values in the embedding, by a linear projection; None gives the features.
        image_size: height and width of the images, a multiple of 32.
        channels: see `VGGTrunk`.
        num_features: width of the two hidden layers.
        trainable: whether VGG16 is trained too; the projection always is.
        name: name of the model.

    Call arguments:
        inputs: normalised images `(batch, image_size, image_size, 3)`.

    Returns:
        Embeddings or features `(batch, embedding_dim)`, float32, not normalised.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> trunk = VGGPenultimate(3, image_size=64, channels=(2, 2, 2, 2, 4), num_features=8)
        >>> tuple(trunk(ops.zeros((1, 64, 64, 3))).shape), len(trunk.trainable_variables)
        ((1, 3), 2)

    Reference:
        Harwath, Torralba and Glass 2016, Unsupervised learning of spoken language with visual context.
    """

    def __init__(
        self,
        embedding_dim: int | None = 1024,
        image_size: int = 224,
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        num_features: int = 4096,
        trainable: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if embedding_dim is not None and embedding_dim < 1:
            raise ValueError(f"`embedding_dim` must be positive or None. Received: embedding_dim={embedding_dim}.")
        if image_size < _STRIDE or image_size % _STRIDE:
            raise ValueError(f"`image_size` must be a multiple of {_STRIDE}. Received: image_size={image_size}.")
        if num_features < 1:
            raise ValueError(f"`num_features` must be positive. Received: num_features={num_features}.")
        self.image_size = image_size
        self.num_features = num_features
        self.trunk = VGGTrunk(channels, name="trunk")
        self.hidden = [keras.layers.Dense(num_features, activation="relu", name=f"hidden_{i}") for i in range(2)]
        self.projection = None
        if embedding_dim is not None:
            self.projection = keras.layers.Dense(embedding_dim, dtype="float32", name="projection")
        self.embedding_dim = num_features if embedding_dim is None else embedding_dim
        self.build()
        for layer in (self.trunk, *self.hidden):
            layer.trainable = trainable

    def build(self, input_shape: tuple | None = None) -> None:
        """Makes all variables at once: the images' shape is known."""
        if self.built:
            return
        first, second = self.hidden
        first.build((None, (self.image_size // _STRIDE) ** 2 * self.trunk.embedding_dim))
        second.build((None, self.num_features))
        if self.projection is not None:
            self.projection.build((None, self.num_features))
        self.built = True

    def call(self, inputs: KerasTensor) -> KerasTensor:
        size = self.image_size
        if tuple(inputs.shape[1:]) != (size, size, 3):
            raise ValueError(f"Images must be {(size, size, 3)}. Received: {tuple(inputs.shape[1:])}.")
        maps = ops.max_pool(self.trunk(inputs), 2, 2, data_format="channels_last")
        features = ops.reshape(maps, (-1, self.hidden[0].kernel.shape[0]))
        for layer in self.hidden:
            features = layer(features)
        return ops.cast(features if self.projection is None else self.projection(features), "float32")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of torchvision's state dict go; `classifier.6.` has no place."""
        first, second = self.hidden
        kernel, bias = linear_weights("classifier.0", first)
        kernel = TorchWeight(kernel.names, kernel.shape, kernel.variable, self._channels_last)
        return [*self.trunk.torch_weights(), kernel, bias, *linear_weights("classifier.3", second)]

    def _channels_last(self, kernel: np.ndarray) -> np.ndarray:
        """PyTorch flattens `(channels, height, width)`, we `(height, width, channels)`."""
        places = self.image_size // _STRIDE
        maps = kernel.reshape(self.num_features, self.trunk.embedding_dim, places, places)
        return maps.transpose(2, 3, 1, 0).reshape(-1, self.num_features)

    def get_config(self) -> dict:
        return {
            "embedding_dim": None if self.projection is None else self.projection.units,
            "image_size": self.image_size,
            "channels": list(self.trunk.channels),
            "num_features": self.num_features,
            "trainable": self.trunk.trainable,
            "name": self.name,
        }
