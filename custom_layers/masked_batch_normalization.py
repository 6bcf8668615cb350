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
        if lengths is None or not training or not self.trainable:
            return self.normalization(inputs, training=training)
        return self._normalized_by_batch(inputs, lengths)

    def _normalized_by_batch(self, inputs: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        """Normalises by the statistics of the real frames, and lets the moving ones follow.

        Keras's own way with a mask is slower, fails with a single channel and hangs the mask on the outputs.
        """
        state = self.normalization
        frames = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        mask = sequence_mask(lengths, ops.shape(inputs)[1])[:, :, None]
        count = ops.maximum(ops.sum(ops.cast(mask, frames.dtype)), 1.0)
        mean = ops.sum(ops.where(mask, frames, 0.0), axis=(0, 1)) / count
        variance = ops.sum(ops.where(mask, ops.square(frames - mean), 0.0), axis=(0, 1)) / count
        for moving, value in ((state.moving_mean, mean), (state.moving_variance, variance)):
            moving.assign(moving * self.momentum + ops.cast(value, moving.dtype) * (1.0 - self.momentum))
        outputs = ops.batch_normalization(
            frames,
            mean,
            variance,
            axis=-1,
            offset=ops.cast(state.beta, frames.dtype) if self.center else None,
            scale=ops.cast(state.gamma, frames.dtype) if self.scale else None,
            epsilon=self.epsilon,
        )
        return ops.cast(outputs, self.compute_dtype)

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
