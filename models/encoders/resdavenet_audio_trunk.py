"""The audio network of ResDAVEnet: residual convolutions over time."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization
from comparators.custom_layers.masked_conv1d import MaskedConv1D
from comparators.models.convert import (
    TorchWeight,
    batch_norm_weights,
    conv2d_over_bands_weights,
    conv2d_over_time_weights,
)
from comparators.models.encoders.davenet_audio_trunk import check_features, check_sizes, map_lengths
from comparators.models.encoders.lstm_trunk import split_features

TORCH_UNUSED = ("batchnorm1.",)
"""Entries of the official checkpoints that no network uses; `load_state` takes them as `unused`."""
_BLOCKS_PER_STAGE = 2
_NUM_STAGES = 4
_KERNEL_SIZE = 9


@keras.saving.register_keras_serializable("comparators")
class ResDaveNetAudioTrunk(keras.Model):
    """Turns spectrograms into maps: one vector for each sixteen frames, by four stages of residual blocks.

    A convolution over the bands, then stages of two blocks; a block is two convolutions over nine frames beside a
    shortcut, and the first block of a stage halves the frame rate. Batch normalisation follows each convolution, ReLU
    the addition. ResDAVEnet compares the means of maps over time and space. The weights have the names of the official
    checkpoints: `load_state(trunk, path, unused=TORCH_UNUSED)`.

    Args:
        channels: filters of the first convolution and of each stage. The default is the one of the official command
            line; the class of the official code has 128 in the first stage.
        num_features: features of a frame (mel bands).
        masked: False as published: frames past the lengths take part with whatever value they have, and only the map's
            own lengths tell of them. True sets them to zero before every convolution and leaves them out of the batch's
            statistics, so that a sound has the same map alone and in any batch.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.
        training: whether the batch's own statistics are taken.

    Returns:
        `{"map": (batch, ceil(frames / 16), channels[-1]), "lengths": (batch,)}`: float32 and int32, the lengths
        `max(1, frames // 16)` of each item.

    Raises:
        ValueError: `num_features` is not positive, `channels` are not five, or the features are not `(batch, frames,
            num_features)` with a frame at least.

    Example:
        >>> trunk = ResDaveNetAudioTrunk(channels=(8, 8, 8, 8, 4))
        >>> tuple(trunk(ops.ones((2, 100, 40)))["map"].shape)
        (2, 7, 4)

    Reference:
        Harwath et al. 2020, Learning hierarchical discrete linguistic units from visually-grounded speech.
    """

    def __init__(
        self,
        channels: Sequence[int] = (128, 256, 256, 512, 1024),
        num_features: int = 40,
        masked: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_sizes({"num_features": num_features})
        if len(channels) != 1 + _NUM_STAGES or min(channels) < 1:
            raise ValueError(f"`channels` must be five positive numbers of filters. Received: channels={channels}.")
        self.channels = tuple(channels)
        self.num_features = num_features
        self.masked = masked
        self.stem = _NormalizedConvolution(channels[0], 1, name="stem")
        self.blocks = [
            _ResidualBlock(filters, 1 if index else 2, name=f"stage_{stage}_block_{index}")
            for stage, filters in enumerate(channels[1:], start=1)
            for index in range(_BLOCKS_PER_STAGE)
        ]
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes do not depend on the input."""
        if self.built:
            return
        shape = (None, None, self.num_features)
        for layer in [self.stem, *self.blocks]:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> dict[str, KerasTensor]:
        features, lengths = split_features(inputs)
        check_features(features, self.num_features)
        real = lengths if self.masked else None
        frames = ops.relu(self.stem(features, lengths=real, training=training))
        for block in self.blocks:
            frames = block(frames, lengths=real, training=training)
            real = None if real is None else block.output_lengths(real)
        return {"map": ops.cast(frames, "float32"), "lengths": map_lengths(features, lengths)}

    @property
    def embedding_dim(self) -> int:
        """Values in a vector of the map."""
        return self.channels[-1]

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of an official state dict go; all but `TORCH_UNUSED`."""
        weights = conv2d_over_bands_weights("conv1", self.stem.convolution.convolution)
        weights += batch_norm_weights("bn1", self.stem.normalization.normalization)
        for index, block in enumerate(self.blocks):
            stage, place = divmod(index, _BLOCKS_PER_STAGE)
            weights += block.torch_weights(f"layer{stage + 1}.{place}")
        return weights

    def get_config(self) -> dict:
        return {
            "channels": list(self.channels),
            "num_features": self.num_features,
            "masked": self.masked,
            "name": self.name,
        }


class _NormalizedConvolution(keras.layers.Layer):
    """A convolution without a bias, and batch normalisation with PyTorch's constants."""

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.convolution = MaskedConv1D(filters, kernel_size, strides, use_bias=False, name="convolution")
        self.normalization = MaskedBatchNormalization(momentum=0.9, epsilon=1e-5, name="normalization")

    def build(self, input_shape: tuple) -> None:
        self.convolution.build(input_shape)
        self.normalization.build(self.compute_output_shape(input_shape))

    def call(
        self, frames: KerasTensor, lengths: KerasTensor | None = None, training: bool | None = None
    ) -> KerasTensor:
        frames = self.convolution(frames, lengths=lengths)
        return self.normalization(frames, lengths=self.output_lengths(lengths), training=training)

    def output_lengths(self, lengths: KerasTensor | None) -> KerasTensor | None:
        return None if lengths is None else self.convolution.output_lengths(lengths)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.convolution.compute_output_shape(input_shape)


class _ResidualBlock(keras.layers.Layer):
    """Two convolutions beside a shortcut, which is a convolution of one frame where the shape changes."""

    def __init__(self, filters: int, strides: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.convolution_1 = _NormalizedConvolution(filters, _KERNEL_SIZE, strides, name="convolution_1")
        self.convolution_2 = _NormalizedConvolution(filters, _KERNEL_SIZE, name="convolution_2")
        self.shortcut = _NormalizedConvolution(filters, 1, strides, name="shortcut") if strides > 1 else None

    def build(self, input_shape: tuple) -> None:
        self.convolution_1.build(input_shape)
        self.convolution_2.build(self.compute_output_shape(input_shape))
        if self.shortcut is not None:
            self.shortcut.build(input_shape)

    def call(
        self, frames: KerasTensor, lengths: KerasTensor | None = None, training: bool | None = None
    ) -> KerasTensor:
        beside = frames if self.shortcut is None else self.shortcut(frames, lengths=lengths, training=training)
        frames = ops.relu(self.convolution_1(frames, lengths=lengths, training=training))
        return ops.relu(beside + self.convolution_2(frames, lengths=self.output_lengths(lengths), training=training))

    def output_lengths(self, lengths: KerasTensor | None) -> KerasTensor | None:
        return self.convolution_1.output_lengths(lengths)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.convolution_1.compute_output_shape(input_shape)

    def torch_weights(self, name: str) -> list[TorchWeight]:
        layers = [("conv1", "bn1", self.convolution_1), ("conv2", "bn2", self.convolution_2)]
        if self.shortcut is not None:
            layers.append(("downsample.0", "downsample.1", self.shortcut))
        weights = []
        for convolution, normalization, layer in layers:
            weights += conv2d_over_time_weights(f"{name}.{convolution}", layer.convolution.convolution)
            weights += batch_norm_weights(f"{name}.{normalization}", layer.normalization.normalization)
        return weights
