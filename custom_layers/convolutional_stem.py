"""A few strided convolutions before a transformer."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class ConvolutionalStem(keras.layers.Layer):
    """Makes small maps of pictures for a transformer: convolutions that halve both sides, batch normalisation, ReLU.

    Transformers that start from it train on far less data than those that start from the pixels of patches.

    Args:
        channels: filters of the convolutions (3 x 3); as many halvings as there are numbers.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        inputs: `(batch, height, width, channels)`, float.
        training: whether the batch's own statistics are taken.

    Returns:
        `(batch, rows, columns, channels[-1])`, sides halved and rounded up as often as there are convolutions.

    Raises:
        ValueError: there is no number of filters, or one is not positive.

    Example:
        >>> tuple(ConvolutionalStem((8, 16))(ops.zeros((1, 80, 99, 1))).shape)
        (1, 20, 25, 16)

    Reference:
        Xiao et al. 2021, Early convolutions help transformers see better.
    """

    def __init__(self, channels: Sequence[int] = (24, 48, 96), **kwargs):
        super().__init__(**kwargs)
        self.channels = tuple(int(filters) for filters in channels)
        if not self.channels or min(self.channels) < 1:
            raise ValueError(f"`channels` must be positive numbers of filters. Received: channels={tuple(channels)}.")
        self.convolutions = [
            keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, dtype=self.dtype_policy)
            for filters in self.channels
        ]
        self.normalizations = [
            keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=self.dtype_policy) for _ in self.channels
        ]

    def build(self, input_shape: tuple) -> None:
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            convolution.build(input_shape)
            input_shape = convolution.compute_output_shape(input_shape)
            normalization.build(input_shape)
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            inputs = ops.relu(normalization(convolution(inputs), training=training))
        return inputs

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        for convolution in self.convolutions:
            input_shape = convolution.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"channels": self.channels}
