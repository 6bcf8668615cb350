"""Strided convolutions on the waveform, pooled into statistics."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization
from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.custom_layers.statistics_pooling import StatisticsPooling
from comparators.models.encoders.lstm_trunk import split_features


@keras.saving.register_keras_serializable("comparators")
class RawWaveformTrunk(keras.Model):
    """Turns frames of samples into an embedding with strided convolutions: a network on the raw waveform.

    Its front end is `WaveformFrames`. The first convolution learns the filters that a spectrogram has by design, with
    the stride of a frame; each further one halves the frame rate. All are followed by batch normalisation and ReLU,
    with the padding left out of both; the means and standard deviations over time make the embedding.

    Args:
        embedding_dim: values in the embedding.
        channels: filters of each convolution.
        kernel_size: frames that a kernel covers.
        frame_length: samples of a frame.
        dropout: share of the pooled statistics that is hidden in training.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, frame_length), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.
        training: whether dropout and the batch's own statistics are active.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: `channels` is empty, a size is not positive, or `dropout` is out of its range.

    Example:
        >>> from keras import ops
        >>> trunk = RawWaveformTrunk(embedding_dim=4, channels=(16, 16))
        >>> tuple(trunk({"features": ops.ones((2, 300, 16)), "lengths": ops.array([300, 120])}).shape)
        (2, 4)

    Reference:
        Dai et al. 2017, Very deep convolutional neural networks for raw waveforms.
    """

    def __init__(
        self,
        embedding_dim: int = 256,
        channels: Sequence[int] = (128, 128, 192, 256, 256),
        kernel_size: int = 5,
        frame_length: int = 16,
        dropout: float = 0.2,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not channels:
            raise ValueError("`channels` must name the filters of one convolution at least. Received: no values.")
        for argument, value in {"embedding_dim": embedding_dim, "frame_length": frame_length}.items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be at least 0 and below 1. Received: dropout={dropout}.")
        self.embedding_dim = embedding_dim
        self.channels = tuple(channels)
        self.kernel_size = kernel_size
        self.frame_length = frame_length
        self.dropout = dropout
        self.convolutions = [
            MaskedConv1D(filters, kernel_size, strides=2 if index else 1, use_bias=False, name=f"convolution_{index}")
            for index, filters in enumerate(self.channels)
        ]
        self.normalizations = [
            MaskedBatchNormalization(name=f"batch_normalization_{index}") for index in range(len(self.channels))
        ]
        self.pooling = StatisticsPooling(dtype="float32", name="pooling")
        self.dropping = keras.layers.Dropout(dropout, dtype="float32", name="dropping")
        self.projection = keras.layers.Dense(embedding_dim, dtype="float32", name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")

    def build(self, input_shape) -> None:
        shape = (None, None, self.frame_length)
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            normalization.build(shape)
        self.projection.build(self.pooling.compute_output_shape(shape))
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        frames, lengths = split_features(inputs)
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            frames = convolution(frames, lengths=lengths)
            lengths = None if lengths is None else convolution.output_lengths(lengths)
            frames = keras.activations.relu(normalization(frames, lengths=lengths, training=training))
        pooled = self.pooling(keras.ops.cast(frames, "float32"), lengths=lengths)
        return self.normalization(self.projection(self.dropping(pooled, training=training)))

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {
            "embedding_dim": self.embedding_dim,
            "channels": list(self.channels),
            "kernel_size": self.kernel_size,
            "frame_length": self.frame_length,
            "dropout": self.dropout,
            "name": self.name,
        }
