"""Features relative to their own recording: what the channel adds to all frames goes."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask


@keras.saving.register_keras_serializable("comparators")
class UtteranceNormalization(keras.layers.Layer):
    """Subtracts each feature's mean over the real frames of an item, and may divide by its standard deviation.

    On log-mel features the mean is the microphone's and the line's colouring. Padded frames come out as zeros.
    Statistics are float32 at least, under any dtype policy.

    Args:
        variance: whether the features are divided by their standard deviation too.
        epsilon: added to the variance.

    Call arguments:
        inputs: `(batch, frames, features)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, frames, features)`.

    Raises:
        ValueError: `epsilon` is not positive.

    Example:
        >>> frames = ops.array([[[1.0], [3.0], [100.0]]])
        >>> ops.convert_to_numpy(UtteranceNormalization()(frames, lengths=ops.array([2])))[0, :, 0]
        array([-1.,  1.,  0.], dtype=float32)
    """

    def __init__(self, variance: bool = False, epsilon: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        if epsilon <= 0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}.")
        self.variance = bool(variance)
        self.epsilon = epsilon

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        frames = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        zero = ops.zeros((), dtype=frames.dtype)
        num_frames = ops.shape(inputs)[1]
        if lengths is None:
            mask, count = ops.ones((1, num_frames, 1), dtype="bool"), ops.cast(num_frames, frames.dtype)
        else:
            mask = sequence_mask(lengths, num_frames)[:, :, None]
            count = ops.maximum(ops.cast(lengths, frames.dtype), 1.0)[:, None, None]
        mean = ops.sum(ops.where(mask, frames, zero), axis=1, keepdims=True) / count
        frames = ops.where(mask, frames - mean, zero)
        if self.variance:
            variance = ops.sum(ops.square(frames), axis=1, keepdims=True) / count
            frames = frames * ops.rsqrt(variance + self.epsilon)
        return ops.cast(frames, inputs.dtype)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Frames stay as many as they are."""
        return lengths

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict:
        return super().get_config() | {"variance": self.variance, "epsilon": self.epsilon}
