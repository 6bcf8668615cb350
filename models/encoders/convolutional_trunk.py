"""The default trunk: residual convolutions over time, pooled into statistics under several learnt weightings."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization
from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.custom_layers.multi_head_statistics_pooling import MultiHeadStatisticsPooling
from comparators.custom_layers.sequence_mask import zero_padding
from comparators.models.encoders.lstm_trunk import split_features


@keras.saving.register_keras_serializable("comparators")
class ConvolutionalTrunk(keras.Model):
    """Turns features into an embedding with dilated residual convolutions and attentive statistics pooling.

    A first convolution halves the frame rate; each residual block adds to its input what two convolutions make of it.
    The blocks' output is pooled together with the features themselves and their differences from frame to frame: means
    and standard deviations of plain features tell much about a voice and its channel, and need no training. A linear
    layer makes the embedding of them. It is the default for speech of any length.

    Args:
        embedding_dim: values in the embedding.
        channels: width of the convolutions.
        num_features: features of a frame (mel bands).
        dilations: one residual block for each; frames (after the first convolution) between the taps of its kernel.
        kernel_size: frames that the blocks' kernels cover.
        num_heads: weightings of the frames, see `MultiHeadStatisticsPooling`.
        attention_units: width of the network that weighs the frames.
        dropout: share of the pooled statistics that is hidden in training.
        augmentation: layer that changes features in training only, such as `SpecAugment`; or None. It sees them
            normalised, so that zero is the mean of a feature.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.
        training: whether augmentation, dropout and the batch's own statistics are active.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> trunk = ConvolutionalTrunk(embedding_dim=4, channels=8, num_features=40)
        >>> tuple(trunk({"features": ops.ones((2, 30, 40)), "lengths": ops.array([30, 12])}).shape)
        (2, 4)

    Reference:
        Snyder et al. 2018, X-vectors; Okabe et al. 2018, Attentive statistics pooling.
    """

    def __init__(
        self,
        embedding_dim: int = 256,
        channels: int = 256,
        num_features: int = 80,
        dilations: Sequence[int] = (1, 2, 3),
        kernel_size: int = 3,
        num_heads: int = 4,
        attention_units: int = 64,
        dropout: float = 0.2,
        augmentation: keras.layers.Layer | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        for argument, value in {
            "embedding_dim": embedding_dim,
            "channels": channels,
            "num_features": num_features,
        }.items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be at least 0 and below 1. Received: dropout={dropout}.")
        self.embedding_dim = embedding_dim
        self.channels = channels
        self.num_features = num_features
        self.dilations = list(dilations)
        self.kernel_size = kernel_size
        self.num_heads = num_heads
        self.attention_units = attention_units
        self.dropout = dropout
        self.augmentation = augmentation
        self.input_normalization = MaskedBatchNormalization(
            center=False, scale=False, dtype="float32", name="input_normalization"
        )
        self.stem = MaskedConv1D(channels, 5, strides=2, use_bias=False, name="stem")
        self.stem_normalization = MaskedBatchNormalization(name="stem_normalization")
        self.expansions = [
            MaskedConv1D(channels, kernel_size, dilation_rate=dilation, activation="relu", name=f"expansion_{index}")
            for index, dilation in enumerate(self.dilations)
        ]
        self.contractions = [
            MaskedConv1D(channels, kernel_size, use_bias=False, name=f"contraction_{index}")
            for index in range(len(self.dilations))
        ]
        self.normalizations = [
            MaskedBatchNormalization(name=f"normalization_{index}") for index in range(len(self.dilations))
        ]
        self.pooling = MultiHeadStatisticsPooling(num_heads, attention_units, name="pooling")
        self.pooled_normalization = MaskedBatchNormalization(
            center=False, scale=False, dtype="float32", name="pooled_normalization"
        )
        self.dropping = keras.layers.Dropout(dropout, dtype="float32", name="dropping")
        self.projection = keras.layers.Dense(embedding_dim, dtype="float32", name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")

    def build(self, input_shape) -> None:
        features, channels = (None, None, self.num_features), (None, None, self.channels)
        self.input_normalization.build(features)
        self.stem.build(features)
        for layer in [self.stem_normalization, *self.expansions, *self.contractions, *self.normalizations]:
            layer.build(channels)
        self.pooling.build((None, None, self.channels + 2 * self.num_features))
        pooled = self.pooling.compute_output_shape((None, None, self.channels + 2 * self.num_features))
        self.pooled_normalization.build(pooled)
        self.projection.build(pooled)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        features, lengths = split_features(inputs)
        features = self.input_normalization(features, lengths=lengths, training=training)
        if self.augmentation is not None:
            features = self.augmentation(features, lengths=lengths, training=training)
        hidden, hidden_lengths = self._convolve(features, lengths, training)
        step = self.stem.strides
        plain = ops.concatenate([features, differences(features, lengths)], axis=-1)[:, ::step]
        frames = ops.concatenate([ops.cast(hidden, "float32"), plain], axis=-1)
        pooled = self.pooled_normalization(self.pooling(frames, lengths=hidden_lengths), training=training)
        return self.normalization(self.projection(self.dropping(pooled, training=training)))

    def _convolve(self, features: KerasTensor, lengths: KerasTensor | None, training: bool | None) -> tuple:
        """Returns the blocks' output `(batch, ceil(frames / 2), channels)` and its lengths."""
        hidden = self.stem(features, lengths=lengths)
        lengths = None if lengths is None else self.stem.output_lengths(lengths)
        hidden = ops.relu(self.stem_normalization(hidden, lengths=lengths, training=training))
        for expand, contract, normalize in zip(self.expansions, self.contractions, self.normalizations, strict=True):
            change = contract(expand(hidden, lengths=lengths), lengths=lengths)
            hidden = hidden + normalize(change, lengths=lengths, training=training)
        return ops.relu(hidden), lengths

    def adapt(self, frames: np.ndarray) -> None:
        """Fixes the normalisation of the features, which otherwise follows the batches of the training.

        With batches of one corpus each, their own statistics would hide what tells the corpora apart in training, and
        only there. Call it before `compile`, with frames of all the training data.

        Args:
            frames: `(n, num_features)`.
        """
        if not self.built:
            self.build(None)
        statistics = self.input_normalization.normalization
        statistics.moving_mean.assign(np.mean(frames, axis=0))
        statistics.moving_variance.assign(np.var(frames, axis=0))
        self.input_normalization.trainable = False

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        augmentation = self.augmentation
        return {
            "embedding_dim": self.embedding_dim,
            "channels": self.channels,
            "num_features": self.num_features,
            "dilations": self.dilations,
            "kernel_size": self.kernel_size,
            "num_heads": self.num_heads,
            "attention_units": self.attention_units,
            "dropout": self.dropout,
            "augmentation": None if augmentation is None else keras.saving.serialize_keras_object(augmentation),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "ConvolutionalTrunk":
        augmentation = config.pop("augmentation", None)
        if augmentation is not None:
            augmentation = keras.saving.deserialize_keras_object(augmentation)
        return cls(**config, augmentation=augmentation)


def differences(features: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Returns each frame's difference to the next one, zero for the last valid one.

    Args:
        features: `(batch, frames, num_features)`.
        lengths: int `(batch,)` in frames; None when every frame is valid.

    Returns:
        `(batch, frames, num_features)`.

    Example:
        >>> ops.convert_to_numpy(differences(ops.array([[[1.0], [4.0], [9.0]]]), ops.array([2])))[0, :, 0]
        array([3., 0., 0.], dtype=float32)
    """
    steps = ops.pad(features[:, 1:] - features[:, :-1], ((0, 0), (0, 1), (0, 0)))
    return zero_padding(steps, None if lengths is None else lengths - 1)
