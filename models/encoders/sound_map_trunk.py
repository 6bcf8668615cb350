"""A small network from short sounds to maps: one vector for each few frames."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization
from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.custom_layers.utterance_normalization import UtteranceNormalization
from comparators.models.encoders.davenet_audio_trunk import check_sizes
from comparators.models.encoders.lstm_trunk import split_features


@keras.saving.register_keras_serializable("comparators")
class SoundMapTrunk(keras.Model):
    """Turns features of short sounds (words, calls, knocks) into maps, a vector for each four frames.

    The mean over a sound's frames is taken off each band; two strided convolutions, then residual ones, each with batch
    normalisation and ReLU. Frames past a sound's length count nowhere. For captions of many seconds see
    `DaveNetAudioTrunk`.

    Args:
        embedding_dim: values in a vector of the map.
        channels: width of the convolutions.
        num_features: features of a frame (mel bands).
        num_blocks: residual convolutions.
        kernel_size: frames that a convolution sees.
        dropout: share of the values before the last layer that are dropped in training.
        augmentation: layers on the features in training, in this order, such as `SpecAugment`.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.
        training: whether dropout and augmentation are active and the batch's own statistics are taken.

    Returns:
        `{"map": (batch, ceil(frames / 4), embedding_dim), "lengths": (batch,)}`: float32 and int32, at least 1.

    Raises:
        ValueError: a size is not positive.

    Example:
        >>> trunk = SoundMapTrunk(embedding_dim=4, channels=8, num_features=16)
        >>> heard = trunk({"features": ops.ones((2, 50, 16)), "lengths": ops.array([50, 9])})
        >>> tuple(heard["map"].shape), ops.convert_to_numpy(heard["lengths"]).tolist()
        ((2, 13, 4), [13, 3])
    """

    def __init__(
        self,
        embedding_dim: int = 64,
        channels: int = 96,
        num_features: int = 64,
        num_blocks: int = 2,
        kernel_size: int = 5,
        dropout: float = 0.2,
        augmentation: Sequence[keras.layers.Layer] = (),
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_sizes({"embedding_dim": embedding_dim, "channels": channels, "num_features": num_features})
        self.embedding_dim = embedding_dim
        self.channels = channels
        self.num_features = num_features
        self.num_blocks = num_blocks
        self.kernel_size = kernel_size
        self.dropout = dropout
        self.augmentation = list(augmentation)
        self.input_normalization = UtteranceNormalization(name="input_normalization")
        self.convolutions = [
            MaskedConv1D(channels, kernel_size, 2 if index < 2 else 1, use_bias=False, name=f"convolution_{index}")
            for index in range(2 + num_blocks)
        ]
        self.normalizations = [MaskedBatchNormalization(name=f"normalization_{i}") for i in range(2 + num_blocks)]
        self.dropping = keras.layers.Dropout(dropout, name="dropping")
        self.projection = keras.layers.Dense(embedding_dim, dtype="float32", name="projection")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes do not depend on the input."""
        if self.built:
            return
        shape = (None, None, self.num_features)
        self.input_normalization.build(shape)
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            convolution.build(shape)
            shape = (None, None, self.channels)
            normalization.build(shape)
        self.projection.build(shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> dict[str, KerasTensor]:
        frames, lengths = split_features(inputs)
        if lengths is None:
            lengths = ops.full((ops.shape(frames)[0],), ops.shape(frames)[1], dtype="int32")
        frames = self.input_normalization(frames, lengths=lengths)
        for augment in self.augmentation:
            frames = augment(frames, lengths=lengths, training=training)
        for index, (convolve, normalize) in enumerate(zip(self.convolutions, self.normalizations, strict=True)):
            change = convolve(frames, lengths=lengths)
            lengths = convolve.output_lengths(lengths)
            change = ops.relu(normalize(change, lengths=lengths, training=training))
            frames = change if index < 2 else frames + change
        frames = self.projection(self.dropping(frames, training=training))
        return {"map": frames, "lengths": ops.maximum(ops.cast(lengths, "int32"), 1)}

    def get_config(self) -> dict:
        return {
            "embedding_dim": self.embedding_dim,
            "channels": self.channels,
            "num_features": self.num_features,
            "num_blocks": self.num_blocks,
            "kernel_size": self.kernel_size,
            "dropout": self.dropout,
            "augmentation": [keras.saving.serialize_keras_object(layer) for layer in self.augmentation],
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "SoundMapTrunk":
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["augmentation"]]
        return cls(**config | {"augmentation": layers})
