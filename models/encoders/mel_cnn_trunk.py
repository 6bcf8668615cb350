"""The audio network of the zero-shot siamese networks."""

import math
from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import zero_padding
from comparators.custom_layers.spectrogram_batch_normalization import SpectrogramBatchNormalization
from comparators.custom_layers.time_pooling import mean_over_time
from comparators.models.convert import TorchWeight, batch_norm_weights, conv2d_weights
from comparators.models.encoders.davenet_audio_trunk import check_features
from comparators.models.encoders.lstm_trunk import split_features

_POOL_SIZES = ((1, 2), (3, 4), (7, 5), (3, 2))  # (frames, bands)
_MIN_FRAMES, _MIN_BANDS = (math.prod(sizes) for sizes in zip(*_POOL_SIZES, strict=True))
_FRAME_SECONDS = 0.016  # of `ZeroShotMel`: 256 samples at 16 kHz


@keras.saving.register_keras_serializable("comparators")
class MelCNNTrunk(keras.Model):
    """Turns log-mel spectrograms into embeddings with four convolutions over time and frequency.

    Each convolution (3 x 3) is followed by batch normalisation, ReLU and a maximum over several frames and bands; the
    mean of what remains is the embedding. Three seconds, 188 frames, are the tutorial's input. Its weights have the
    names of the tutorial's checkpoints, see `load_state`.

    Args:
        channels: filters of the four convolutions; the last ones make the embedding.
        num_features: features of a frame (mel bands), at least 80.
        masked: False as published: frames past the lengths take part with whatever value they have. True sets them to
            zero before every convolution and leaves them out of the batch's statistics and of the mean; an item of less
            than 63 frames is then one of 63, the missing ones zero.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.
        training: whether the batch's own statistics are taken.

    Returns:
        Embeddings `(batch, channels[-1])`, float32, not normalised.

    Raises:
        ValueError: `channels` are not four, there are less than 80 bands, or a batch has less than 63 frames, of which
            the maxima leave none.

    Example:
        >>> trunk = MelCNNTrunk(channels=(4, 8, 8, 8))
        >>> tuple(trunk(ops.ones((2, 63, 80))).shape)
        (2, 8)

    Reference:
        Choi et al. 2019, Zero-shot learning for audio-based music classification and tagging.
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 128, 128),
        num_features: int = 80,
        masked: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if len(channels) != len(_POOL_SIZES) or min(channels) < 1:
            raise ValueError(f"`channels` must be four positive numbers of filters. Received: channels={channels}.")
        if num_features < _MIN_BANDS:
            raise ValueError(f"`num_features` must be at least {_MIN_BANDS}. Received: num_features={num_features}.")
        self.channels = tuple(channels)
        self.num_features = num_features
        self.masked = masked
        self.input_normalization = SpectrogramBatchNormalization(name="input_normalization")
        self.convolutions = [
            keras.layers.Conv2D(filters, 3, padding="same", name=f"convolution_{index}")
            for index, filters in enumerate(self.channels, start=1)
        ]
        self.normalizations = [
            SpectrogramBatchNormalization(name=f"normalization_{index}") for index in range(1, 1 + len(self.channels))
        ]
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes do not depend on the input."""
        if self.built:
            return
        shape = (None, None, self.num_features, 1)
        self.input_normalization.build(shape)
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            normalization.build(shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        features, lengths = split_features(inputs)
        self._check(features)
        real = None
        if self.masked and lengths is not None:
            features, real = zero_padding(features, lengths), ops.maximum(lengths, _MIN_FRAMES)
        planes = self.input_normalization(features[..., None], lengths=real, training=training)
        for index, (size, _) in enumerate(_POOL_SIZES):
            planes = self._block(index, planes, real, training)
            real = None if real is None else real // size
        return mean_over_time(ops.cast(ops.mean(planes, axis=2), "float32"), real)

    def _block(self, index: int, planes: KerasTensor, lengths: KerasTensor | None, training) -> KerasTensor:
        size = _POOL_SIZES[index]
        planes = self.convolutions[index](zero_padding(planes, lengths))
        planes = ops.relu(self.normalizations[index](planes, lengths=lengths, training=training))
        return ops.max_pool(planes, size, strides=size, padding="valid")

    def _check(self, features: KerasTensor) -> None:
        check_features(features, self.num_features)
        frames = features.shape[1]
        if frames is not None and frames < _MIN_FRAMES:
            raise ValueError(
                f"MelCNNTrunk needs sounds of at least {_MIN_FRAMES} frames ({_seconds(_MIN_FRAMES)} at 16 kHz with a "
                f"hop of 256 samples); pad shorter ones. Received: {frames} frames ({_seconds(frames)})."
            )

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.channels[-1]

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a state dict of the tutorial go."""
        weights = batch_norm_weights("spec_bn", self.input_normalization.normalization)
        for index, layers in enumerate(zip(self.convolutions, self.normalizations, strict=True), start=1):
            convolution, normalization = layers
            weights += conv2d_weights(f"layer{index}.conv2d", convolution)
            weights += batch_norm_weights(f"layer{index}.bn", normalization.normalization)
        return weights

    def get_config(self) -> dict:
        return {
            "channels": list(self.channels),
            "num_features": self.num_features,
            "masked": self.masked,
            "name": self.name,
        }


def _seconds(frames: int) -> str:
    return f"{(frames - 1) * _FRAME_SECONDS:.2f} s"
