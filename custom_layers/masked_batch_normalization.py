"""Batch normalisation whose statistics leave the padding out."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask


@keras.saving.register_keras_serializable("comparators")
class MaskedBatchNormalization(keras.layers.Layer):
    """Normalises the channels of sequences over the real frames of a batch.

    In training the mean and variance of a channel are those of the real frames of all items, and the moving ones follow
    them; in use the moving ones are taken. Statistics are float32 under any dtype policy.

    Args:
        momentum: of the moving statistics: `moving = momentum * moving + (1 - momentum) * batch`.
        epsilon: added to the variance.
        center: whether a learnt offset is added.
        scale: whether a learnt factor is applied.

    Call arguments:
        inputs: `(batch, frames, channels)`, or `(batch, channels)` without lengths.
        lengths: int `(batch,)` in frames; None when nothing is padding.
        training: whether the statistics of the batch are taken and followed.

    Returns:
        As `inputs`. Padded frames are not zero afterwards.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> frames = ops.array([[[1.0], [3.0], [100.0]]])
        >>> normalized = MaskedBatchNormalization(epsilon=1e-6)(frames, lengths=ops.array([2]), training=True)
        >>> ops.convert_to_numpy(normalized)[0, :2, 0].round(3)
        array([-1.,  1.], dtype=float32)

    Reference:
        Ioffe and Szegedy 2015, Batch normalization.
    """

    def __init__(
        self, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True, **kwargs
    ):
        super().__init__(**kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f"`momentum` must be at least 0 and below 1. Received: momentum={momentum}.")
        if epsilon <= 0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}.")
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.normalization = keras.layers.BatchNormalization(
            momentum=momentum,
            epsilon=epsilon,
            center=center,
            scale=scale,
            dtype=self.dtype_policy,
            name="normalization",
        )

    def build(self, inputs_shape: tuple) -> None:
        self.normalization.build(inputs_shape)

    def call(
        self, inputs: KerasTensor, lengths: KerasTensor | None = None, training: bool | None = None
    ) -> KerasTensor:
        mask = None if lengths is None else sequence_mask(lengths, ops.shape(inputs)[1])
        # `call`, since Keras would hang the mask on the output and warn at every layer that knows lengths but no masks.
        return self.normalization.call(inputs, training=training, mask=mask)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Frames stay as many as they are."""
        return lengths

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict:
        return super().get_config() | {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }
