"""From frames to one vector: mean and standard deviation over time."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask


def weighted_statistics(frames: KerasTensor, weights: KerasTensor, epsilon: float) -> KerasTensor:
    """Returns means and standard deviations over time, side by side.

    Args:
        frames: `(batch, frames, channels)`.
        weights: `(batch, frames, channels)` or `(batch, frames, 1)`, not negative, adding up to one over time (or to
            zero: then the mean is zero too).
        epsilon: smallest variance; it keeps the gradient of the root finite where a channel does not move.

    Returns:
        `(batch, 2 * channels)`.

    Example:
        >>> statistics = weighted_statistics(ops.array([[[1.0], [3.0]]]), ops.array([[[0.5], [0.5]]]), 1e-6)
        >>> ops.convert_to_numpy(statistics)
        array([[2., 1.]], dtype=float32)
    """
    mean = ops.sum(weights * frames, axis=1, keepdims=True)
    variance = ops.sum(weights * ops.square(frames - mean), axis=1)
    return ops.concatenate([ops.squeeze(mean, 1), ops.sqrt(ops.maximum(variance, epsilon))], axis=-1)


@keras.saving.register_keras_serializable("comparators")
class StatisticsPooling(keras.layers.Layer):
    """Pools the real frames of each item into their mean and standard deviation.

    Sums are taken in float32 at least, under any dtype policy.

    Args:
        epsilon: smallest variance of a channel, so that a constant channel (or a single frame) has a finite gradient.

    Call arguments:
        inputs: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, 2 * channels)`: means, then standard deviations.

    Raises:
        ValueError: `epsilon` is not positive.

    Example:
        >>> frames = ops.array([[[1.0], [3.0], [100.0]]])
        >>> ops.convert_to_numpy(StatisticsPooling()(frames, lengths=ops.array([2])))
        array([[2., 1.]], dtype=float32)

    Reference:
        Snyder et al. 2018, X-vectors: robust DNN embeddings for speaker recognition.
    """

    def __init__(self, epsilon: float = 1e-6, **kwargs):
        super().__init__(**kwargs)
        if epsilon <= 0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}.")
        self.epsilon = epsilon

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        frames = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        num_frames = ops.shape(inputs)[1]
        if lengths is None:
            weights = ops.ones((1, num_frames, 1), dtype=frames.dtype)
        else:
            mask = sequence_mask(lengths, num_frames)[:, :, None]
            frames = ops.where(mask, frames, ops.zeros((), dtype=frames.dtype))
            weights = ops.cast(mask, frames.dtype)
        weights = weights / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1.0)
        return ops.cast(weighted_statistics(frames, weights, self.epsilon), inputs.dtype)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return (inputs_shape[0], 2 * inputs_shape[-1])

    def get_config(self) -> dict:
        return super().get_config() | {"epsilon": self.epsilon}
