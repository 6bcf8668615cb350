"""The convolutions of VGG16, in the form of torchvision, so that its weights fit."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.models.convert import TorchWeight, conv2d_weights

_CONVOLUTIONS = (2, 2, 3, 3, 3)


@keras.saving.register_keras_serializable("comparators")
class VGGTrunk(keras.Model):
    """Turns images into a map of features with the thirteen convolutions of VGG16; its last pool is left out.

    The front end is `PixelNormalization("torch")` for weights of torchvision, `PixelNormalization("caffe")` for the
    weights of the authors or of Keras. Weights of torchvision come in through
    `comparators.models.convert.load_state(trunk, path, unused=("classifier.",))`.

    Args:
        channels: of the five stages, which have 2, 2, 3, 3 and 3 convolutions; a pool follows all but the last.
        trainable: False freezes the trunk.
        name: name of the model.

    Call arguments:
        inputs: normalised images `(batch, height, width, 3)`, of 16 x 16 pixels at least.

    Returns:
        Map `(batch, height // 16, width // 16, channels[-1])`.

    Raises:
        ValueError: there are not five positive `channels`.

    Example:
        >>> trunk = VGGTrunk(channels=(2, 2, 2, 2, 4))
        >>> tuple(trunk(ops.zeros((1, 64, 48, 3))).shape)
        (1, 4, 3, 4)

    Reference:
        Simonyan and Zisserman 2015, Very deep convolutional networks for large-scale image recognition.
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        trainable: bool = True,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if len(channels) != len(_CONVOLUTIONS) or min(channels) < 1:
            raise ValueError(f"`channels` must be five positive numbers. Received: channels={channels}.")
        self.channels = tuple(channels)
        self.embedding_dim = self.channels[-1]
        self.convolutions = [
            keras.layers.Conv2D(
                filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"stage_{stage}_{i}"
            )
            for stage, (filters, number) in enumerate(zip(self.channels, _CONVOLUTIONS, strict=True))
            for i in range(number)
        ]
        self.build()
        self.trainable = trainable

    def build(self, input_shape: tuple | None = None) -> None:
        """Makes all variables at once: images have three channels, and of any size."""
        if self.built:
            return
        channels = 3
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
        self.built = True

    def call(self, inputs: KerasTensor) -> KerasTensor:
        maps, convolutions = inputs, iter(self.convolutions)
        for stage, number in enumerate(_CONVOLUTIONS):
            if stage:
                maps = ops.max_pool(maps, 2, 2, data_format="channels_last")
            for _ in range(number):
                maps = next(convolutions)(maps)
        return maps

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        places = (None if size is None else size // 16 for size in input_shape[1:3])
        return (input_shape[0], *places, self.embedding_dim)

    def torch_weights(self, prefix: str = "features.") -> list[TorchWeight]:
        """Returns where the entries of torchvision's state dict go; its `classifier.` has no place.

        Args:
            prefix: what the names begin with.
        """
        weights, convolutions, module = [], iter(self.convolutions), 0
        for number in _CONVOLUTIONS:
            for _ in range(number):
                weights += conv2d_weights(f"{prefix}{module}", next(convolutions))
                module += 2  # each ReLU is a module of its own
            module += 1  # so is the pool
        return weights

    def get_config(self) -> dict:
        return {"channels": list(self.channels), "trainable": self.trainable, "name": self.name}
