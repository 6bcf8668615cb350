"""Convolutions over time, then an LSTM."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization
from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.models.encoders.lstm_trunk import LSTMTrunk, split_features


@keras.saving.register_keras_serializable("comparators")
class ConvolutionalLSTMTrunk(keras.Model):
    """Turns features into an embedding with 1-D convolutions and an LSTM on top of them.

    The convolutions stride, so that the LSTM, the slow part, runs over few frames; each is followed by batch
    normalisation and ReLU, with the padding left out of both.

    Args:
        channels: filters of each convolution.
        kernel_size: frames that a kernel covers.
        strides: frames from one output of a convolution to the next.
        units: values in the state of each LSTM layer.
        num_layers: LSTM layers.
        embedding_dim: values in the embedding.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_mels), "lengths": (batch,)}` with the number of valid frames of each
            item; or the features alone, all valid.
        training: whether batch normalisation takes the statistics of the batch.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: `channels` is empty or a size is not positive.

    Example:
        >>> from keras import ops
        >>> trunk = ConvolutionalLSTMTrunk(channels=(16, 16), units=8, embedding_dim=4)
        >>> tuple(trunk({"features": ops.ones((2, 30, 40)), "lengths": ops.array([30, 12])}).shape)
        (2, 4)
    """

    def __init__(
        self,
        channels: Sequence[int] = (128, 192, 256),
        kernel_size: int = 5,
        strides: int = 2,
        units: int = 256,
        num_layers: int = 1,
        embedding_dim: int = 256,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not channels:
            raise ValueError(
                "`channels` must name the filters of one convolution at least. Received: no values. "
                "Use `LSTMTrunk` for a trunk without convolutions."
            )
        self.channels = tuple(channels)
        self.kernel_size = kernel_size
        self.strides = strides
        self.convolutions = [
            MaskedConv1D(filters, kernel_size, strides=strides, use_bias=False, name=f"convolution_{index}")
            for index, filters in enumerate(self.channels)
        ]
        self.normalizations = [
            MaskedBatchNormalization(name=f"batch_normalization_{index}") for index in range(len(self.channels))
        ]
        self.recurrent = LSTMTrunk(units, num_layers, embedding_dim, name="recurrent")

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.recurrent.embedding_dim

    def build(self, input_shape) -> None:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            normalization.build(shape)
        self.recurrent.build(shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        frames, lengths = split_features(inputs)
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            frames = convolution(frames, lengths=lengths)
            lengths = None if lengths is None else convolution.output_lengths(lengths)
            frames = keras.activations.relu(normalization(frames, lengths=lengths, training=training))
        return self.recurrent(frames if lengths is None else {"features": frames, "lengths": lengths})

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {
            "channels": list(self.channels),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "units": self.recurrent.units,
            "num_layers": self.recurrent.num_layers,
            "embedding_dim": self.embedding_dim,
            "name": self.name,
        }
