"""From frames to one vector: mean and standard deviation, of the frames that matter."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask
from comparators.custom_layers.statistics_pooling import StatisticsPooling, weighted_statistics


@keras.saving.register_keras_serializable("comparators")
class AttentiveStatisticsPooling(keras.layers.Layer):
    """Pools the real frames into a weighted mean and standard deviation; the weights are learnt, channel by channel.

    A small network scores each channel of each frame, seeing the frame and the plain statistics of the whole item; a
    softmax over the real frames makes the scores weights. Weights and sums are float32 at least, under any policy.

    Args:
        attention_units: width of the scoring network.
        epsilon: smallest variance of a channel, so that a constant channel (or a single frame) has a finite gradient.

    Call arguments:
        inputs: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, 2 * channels)`: means, then standard deviations.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> pooling = AttentiveStatisticsPooling(attention_units=16)
        >>> tuple(pooling(ops.ones((2, 50, 8)), lengths=ops.array([50, 30])).shape)
        (2, 16)

    Reference:
        Okabe et al. 2018, Attentive statistics pooling; Desplanques et al. 2020, ECAPA-TDNN (weights by channel, with
        the item's statistics as context).
    """

    def __init__(self, attention_units: int = 128, epsilon: float = 1e-6, **kwargs):
        super().__init__(**kwargs)
        if attention_units < 1:
            raise ValueError(f"`attention_units` must be positive. Received: attention_units={attention_units}.")
        self.attention_units = attention_units
        self.epsilon = epsilon
        self.statistics = StatisticsPooling(epsilon, dtype=self.dtype_policy, name="statistics")
        # One dense layer over [frame, context] in two parts, so that the context is multiplied once, not at each frame.
        self.frame_scoring = keras.layers.Dense(attention_units, dtype=self.dtype_policy, name="frame_scoring")
        self.context_scoring = keras.layers.Dense(
            attention_units, use_bias=False, dtype=self.dtype_policy, name="context_scoring"
        )

    def build(self, inputs_shape: tuple) -> None:
        channels = inputs_shape[-1]
        self.scores = keras.layers.Dense(channels, dtype=self.dtype_policy, name="scores")
        self.frame_scoring.build(inputs_shape)
        self.context_scoring.build((inputs_shape[0], 2 * channels))
        self.scores.build((*inputs_shape[:-1], self.attention_units))

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        context = self.context_scoring(self.statistics(inputs, lengths=lengths))
        scores = self.scores(ops.tanh(self.frame_scoring(inputs) + context[:, None, :]))
        dtype = keras.backend.result_type(inputs.dtype, "float32")
        frames, scores = ops.cast(inputs, dtype), ops.cast(scores, dtype)
        if lengths is not None:
            mask = sequence_mask(lengths, ops.shape(inputs)[1])[:, :, None]
            frames = ops.where(mask, frames, ops.zeros((), dtype=dtype))
            scores = ops.where(mask, scores, ops.full((), -1e9, dtype=dtype))
        # Not `ops.softmax`, which warns about an item of one frame.
        weights = ops.exp(scores - ops.logsumexp(scores, axis=1, keepdims=True))
        return ops.cast(weighted_statistics(frames, weights, self.epsilon), inputs.dtype)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return (inputs_shape[0], 2 * inputs_shape[-1])

    def get_config(self) -> dict:
        return super().get_config() | {"attention_units": self.attention_units, "epsilon": self.epsilon}
