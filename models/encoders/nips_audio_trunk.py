"""The audio network of the NIPS 2016 model of spoken captions."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.custom_layers.time_pooling import max_over_time, mean_over_time
from comparators.models.convert import TorchWeight, conv2d_over_bands_weights, conv2d_over_time_weights
from comparators.models.encoders.davenet_audio_trunk import check_features, check_sizes, max_pool_over_time
from comparators.models.encoders.lstm_trunk import split_features

POOLINGS = {"max": max_over_time, "mean": mean_over_time}
_KERNEL_SIZES = (5, 25, 25)
_MIN_FRAMES = 4  # two halvings


@keras.saving.register_keras_serializable("comparators")
class NipsAudioTrunk(keras.Model):
    """Turns spectrograms into one embedding each: three convolutions and a maximum, or the mean, over all time.

    The pooling is over as many frames as there are; the paper pads or cuts captions to 1024 or 2048 frames.

    Args:
        embedding_dim: values in the embedding.
        num_features: features of a frame (mel bands).
        channels: filters of the first two convolutions.
        pooling: over time, `"max"` or `"mean"`.
        masked: False as published: frames past the lengths take part with whatever value they have. True sets them to
            zero before every convolution and pools without them, so that batches change nothing.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: a size is not positive, the pooling is unknown, or the features are not `(batch, frames,
            num_features)` with four frames at least.

    Example:
        >>> trunk = NipsAudioTrunk(embedding_dim=4, channels=(8, 8))
        >>> tuple(trunk(ops.ones((2, 100, 40))).shape)
        (2, 4)

    Reference:
        Harwath et al. 2016, Unsupervised learning of spoken language with visual context.
    """

    def __init__(
        self,
        embedding_dim: int = 1024,
        num_features: int = 40,
        channels: Sequence[int] = (64, 512),
        pooling: str = "max",
        masked: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_sizes({"embedding_dim": embedding_dim, "num_features": num_features})
        if len(channels) != len(_KERNEL_SIZES) - 1 or min(channels) < 1:
            raise ValueError(f"`channels` must be two positive numbers of filters. Received: channels={channels}.")
        if pooling not in POOLINGS:
            raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}. Received: pooling={pooling!r}.")
        self.embedding_dim = embedding_dim
        self.num_features = num_features
        self.channels = tuple(channels)
        self.pooling = pooling
        self.masked = masked
        self.convolutions = [
            MaskedConv1D(filters, kernel_size, activation="relu", name=f"convolution_{index}")
            for index, (filters, kernel_size) in enumerate(
                zip((*self.channels, embedding_dim), _KERNEL_SIZES, strict=True), start=1
            )
        ]
        self.normalization = L2Normalization(dtype="float32", name="normalization")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes do not depend on the input."""
        if self.built:
            return
        shape = (None, None, self.num_features)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        self.built = True

    def call(self, inputs) -> KerasTensor:
        frames, lengths = split_features(inputs)
        check_features(frames, self.num_features, _MIN_FRAMES)
        real = lengths if self.masked else None
        *pooled, last = self.convolutions
        for convolution in pooled:
            frames = max_pool_over_time(convolution(frames, lengths=real), 4, lengths=real)
            real = None if real is None else ops.maximum(real // 2, 1)
        return self.normalization(POOLINGS[self.pooling](last(frames, lengths=real), real))

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a PyTorch state dict go: `conv1` to `conv3`."""
        first, *later = (layer.convolution for layer in self.convolutions)
        weights = conv2d_over_bands_weights("conv1", first)
        for index, layer in enumerate(later, start=2):
            weights += conv2d_over_time_weights(f"conv{index}", layer)
        return weights

    def get_config(self) -> dict:
        return {
            "embedding_dim": self.embedding_dim,
            "num_features": self.num_features,
            "channels": list(self.channels),
            "pooling": self.pooling,
            "masked": self.masked,
            "name": self.name,
        }
