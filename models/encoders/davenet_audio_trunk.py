"""The audio network of DAVEnet: five convolutions over time that keep the places of what is said."""

from collections.abc import Mapping, Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.custom_layers.sequence_mask import zero_padding
from comparators.custom_layers.spectrogram_batch_normalization import SpectrogramBatchNormalization
from comparators.models.convert import (
    TorchWeight,
    batch_norm_weights,
    conv2d_over_bands_weights,
    conv2d_over_time_weights,
)
from comparators.models.encoders.lstm_trunk import split_features

FRAMES_PER_MAP_FRAME = 16
_KERNEL_SIZES = (1, 11, 17, 17, 17)


@keras.saving.register_keras_serializable("comparators")
class DaveNetAudioTrunk(keras.Model):
    """Turns spectrograms into maps: one vector for each sixteen frames.

    One batch normalisation of all values alike, a convolution over the bands, four over time with kernels of 11 and 17
    frames, each followed by ReLU, and the four by a maximum over three frames that halves the frame rate. Its weights
    have the names of the official checkpoints, see `load_state`.

    Args:
        embedding_dim: values in a vector of the map.
        num_features: features of a frame (mel bands).
        channels: filters of the first four convolutions.
        normalize_input: whether batch normalisation comes first.
        masked: False as published: frames past the lengths take part with whatever value they have, and only the map's
            own lengths tell of them. True sets them to zero before every convolution and leaves them out of the batch's
            statistics, so that a sound has the same map alone and in any batch.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.
        training: whether the batch's own statistics are taken.

    Returns:
        `{"map": (batch, ceil(frames / 16), embedding_dim), "lengths": (batch,)}`: float32 and int32, the lengths
        `max(1, frames // 16)` of each item.

    Raises:
        ValueError: a size is not positive, `channels` are not four, or the features are not `(batch, frames,
            num_features)` with a frame at least.

    Example:
        >>> trunk = DaveNetAudioTrunk(embedding_dim=4, channels=(8, 8, 8, 8))
        >>> heard = trunk({"features": ops.ones((2, 100, 40)), "lengths": ops.array([100, 9])})
        >>> tuple(heard["map"].shape), heard["lengths"].numpy().tolist()
        ((2, 7, 4), [6, 1])

    Reference:
        Harwath et al. 2018, Jointly discovering visual objects and spoken words from raw sensory input.
    """

    def __init__(
        self,
        embedding_dim: int = 1024,
        num_features: int = 40,
        channels: Sequence[int] = (128, 256, 512, 512),
        normalize_input: bool = True,
        masked: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_sizes({"embedding_dim": embedding_dim, "num_features": num_features})
        if len(channels) != len(_KERNEL_SIZES) - 1 or min(channels) < 1:
            raise ValueError(f"`channels` must be four positive numbers of filters. Received: channels={channels}.")
        self.embedding_dim = embedding_dim
        self.num_features = num_features
        self.channels = tuple(channels)
        self.normalize_input = normalize_input
        self.masked = masked
        self.input_normalization = SpectrogramBatchNormalization(name="input_normalization")
        self.convolutions = [
            MaskedConv1D(filters, kernel_size, activation="relu", name=f"convolution_{index}")
            for index, (filters, kernel_size) in enumerate(
                zip((*self.channels, embedding_dim), _KERNEL_SIZES, strict=True), start=1
            )
        ]
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes do not depend on the input."""
        if self.built:
            return
        if self.normalize_input:
            self.input_normalization.build((None, None, self.num_features, 1))
        shape = (None, None, self.num_features)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> dict[str, KerasTensor]:
        features, lengths = split_features(inputs)
        check_features(features, self.num_features)
        real = lengths if self.masked else None
        frames = features
        if self.normalize_input:
            frames = self.input_normalization(features[..., None], lengths=real, training=training)[..., 0]
        frames = self.convolutions[0](frames, lengths=real)
        for convolution in self.convolutions[1:]:
            frames = max_pool_over_time(convolution(frames, lengths=real), 3, lengths=real)
            real = None if real is None else (real + 1) // 2
        return {"map": ops.cast(frames, "float32"), "lengths": map_lengths(features, lengths)}

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of an official state dict go."""
        first, *later = (layer.convolution for layer in self.convolutions)
        weights = conv2d_over_bands_weights("conv1", first)
        if self.normalize_input:
            weights += batch_norm_weights("batchnorm1", self.input_normalization.normalization)
        for index, layer in enumerate(later, start=2):
            weights += conv2d_over_time_weights(f"conv{index}", layer)
        return weights

    def get_config(self) -> dict:
        return {
            "embedding_dim": self.embedding_dim,
            "num_features": self.num_features,
            "channels": list(self.channels),
            "normalize_input": self.normalize_input,
            "masked": self.masked,
            "name": self.name,
        }


def max_pool_over_time(frames: KerasTensor, size: int, lengths: KerasTensor | None = None) -> KerasTensor:
    """Takes the maximum of `size` frames at every second frame, one frame of padding on each side.

    That is PyTorch's `MaxPool2d((1, size), stride=(1, 2), padding=(0, 1))`, which pads with minus infinity. Of values
    that are not negative, zero is as good, and stays finite where an item has no frame at all. Keras's `"same"` padding
    begins elsewhere.

    Args:
        frames: `(batch, frames, channels)`, no value below zero.
        size: frames of a maximum.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, (frames - size) // 2 + 2, channels)`.

    Example:
        >>> frames = ops.array([[[1.0], [5.0], [2.0], [3.0], [4.0]]])
        >>> ops.convert_to_numpy(max_pool_over_time(frames, 3))[0, :, 0]
        array([5., 5., 4.], dtype=float32)
    """
    padded = ops.pad(zero_padding(frames, lengths), ((0, 0), (1, 1), (0, 0)))
    return ops.max_pool(padded, size, strides=2, padding="valid")


def map_lengths(features: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Maps frames of features to frames of the map: `max(1, frames // 16)`, so that no sound has an empty map.

    Args:
        features: `(batch, frames, bands)`.
        lengths: int `(batch,)` in frames; None when every frame is valid.

    Returns:
        int32 `(batch,)`.

    Example:
        >>> ops.convert_to_numpy(map_lengths(ops.ones((2, 100, 40)), ops.array([64, 0])))
        array([4, 1], dtype=int32)
    """
    batch, frames = ops.shape(features)[:2]
    if lengths is None:
        lengths = ops.full((batch,), frames, dtype="int32")
    return ops.maximum(ops.cast(lengths, "int32") // FRAMES_PER_MAP_FRAME, 1)


def check_features(features: KerasTensor, num_features: int, min_frames: int = 1) -> None:
    """Raises ValueError unless features are `(batch, frames, num_features)` with `min_frames` frames at least."""
    shape = tuple(features.shape)
    if len(shape) != 3 or shape[2] != num_features:
        raise ValueError(
            f"Features must be `(batch, frames, {num_features})`, the bands last. Received: shape={shape}."
        )
    if shape[1] is not None and shape[1] < min_frames:
        raise ValueError(
            f"A sound must have at least {min_frames} frames of features; pad shorter ones. Received: shape={shape}."
        )


def check_sizes(sizes: Mapping[str, int]) -> None:
    """Raises ValueError where a size is not positive."""
    for argument, value in sizes.items():
        if value < 1:
            raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
