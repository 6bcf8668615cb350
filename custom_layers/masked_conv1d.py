"""Convolution over time that never sees what stands in the padding."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import zero_padding


@keras.saving.register_keras_serializable("comparators")
class MaskedConv1D(keras.layers.Layer):
    """Convolves sequences over time; padded frames are set to zero first.

    A sequence is padded with `(kernel_size - 1) * dilation_rate` zeros around it, always the same number on each side,
    so that an item gives the same frames alone and in a longer batch, with strides too (Keras's `"same"` padding moves
    with the length of the batch when it strides).

    Args:
        filters: number of output channels.
        kernel_size: frames that the kernel covers.
        strides: frames from one output to the next.
        dilation_rate: frames between neighbouring taps of the kernel; one of strides and dilation must be 1.
        groups: groups of channels that are convolved apart.
        activation: as in `keras.layers.Conv1D`.
        use_bias: whether a bias is added.
        kernel_initializer: as in `keras.layers.Conv1D`.
        kernel_regularizer: as in `keras.layers.Conv1D`.

    Call arguments:
        inputs: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, ceil(frames / strides), filters)`. Frames past `output_lengths(lengths)` are not zero.

    Raises:
        ValueError: an argument is out of its range (by `keras.layers.Conv1D`).

    Example:
        >>> layer = MaskedConv1D(8, 5, strides=2)
        >>> tuple(layer(ops.ones((1, 7, 4)), lengths=ops.array([5])).shape), int(layer.output_lengths(5))
        ((1, 4, 8), 3)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        dilation_rate: int = 1,
        groups: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        kernel_regularizer: str | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in {"kernel_size": kernel_size, "strides": strides, "dilation_rate": dilation_rate}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.dilation_rate = dilation_rate
        self.groups = groups
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.convolution = keras.layers.Conv1D(
            filters,
            kernel_size,
            strides=strides,
            padding="same" if strides == 1 else "valid",
            dilation_rate=dilation_rate,
            groups=groups,
            activation=self.activation,
            use_bias=use_bias,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            dtype=self.dtype_policy,
            name="convolution",
        )

    def build(self, inputs_shape: tuple) -> None:
        self.convolution.build(inputs_shape)

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        frames = zero_padding(inputs, lengths)
        if self.strides > 1:
            margin = self.kernel_size - 1
            frames = ops.pad(frames, ((0, 0), (margin // 2, margin - margin // 2), (0, 0)))
        return self.convolution(frames)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Maps frames in to frames out: `ceil(lengths / strides)`."""
        return (lengths + self.strides - 1) // self.strides

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, frames, _ = inputs_shape
        return (batch, None if frames is None else self.output_lengths(frames), self.filters)

    def get_config(self) -> dict:
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
