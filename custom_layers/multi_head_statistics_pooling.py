"""From frames to one vector: means and standard deviations under several learnt weightings of the frames."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask, zero_padding


@keras.saving.register_keras_serializable("comparators")
class MultiHeadStatisticsPooling(keras.layers.Layer):
    """Pools the real frames into `num_heads` weighted means and standard deviations of all channels.

    A small network gives each frame a score for each head, and a softmax over the real frames makes weights of them: a
    head learns a kind of frame (loud vowels, pauses, ...). All channels share a head's weights, so the sums are two
    matrix products, at a tenth of the cost of `AttentiveStatisticsPooling`, which weighs channel by channel. Weights
    and sums are float32 at least, under any policy.

    Args:
        num_heads: weightings of the frames.
        attention_units: width of the scoring network.
        epsilon: smallest variance of a channel, so that a constant channel (or a single frame) has a finite gradient.

    Call arguments:
        inputs: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, num_heads * 2 * channels)`: means, then standard deviations of the first head, and so on.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> pooling = MultiHeadStatisticsPooling(num_heads=3, attention_units=16)
        >>> tuple(pooling(ops.ones((2, 50, 8)), lengths=ops.array([50, 30])).shape)
        (2, 48)

    Reference:
        Okabe et al. 2018, Attentive statistics pooling; Zhu et al. 2018, Self-attentive speaker embeddings (several
        heads).
    """

    def __init__(self, num_heads: int = 4, attention_units: int = 64, epsilon: float = 1e-4, **kwargs):
        super().__init__(**kwargs)
        given = {"num_heads": num_heads, "attention_units": attention_units, "epsilon": epsilon}
        for name, value in given.items():
            if value <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        self.num_heads = num_heads
        self.attention_units = attention_units
        self.epsilon = epsilon
        self.hidden = keras.layers.Dense(attention_units, activation="tanh", dtype=self.dtype_policy, name="hidden")
        self.scores = keras.layers.Dense(num_heads, dtype=self.dtype_policy, name="scores")

    def build(self, inputs_shape: tuple) -> None:
        self.hidden.build(inputs_shape)
        self.scores.build((*inputs_shape[:-1], self.attention_units))

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        dtype = keras.backend.result_type(inputs.dtype, "float32")
        frames = ops.cast(zero_padding(inputs, lengths), dtype)
        weights = ops.transpose(self._weights(frames, lengths, dtype), (0, 2, 1))
        mean = ops.matmul(weights, frames)
        variance = ops.matmul(weights, ops.square(frames)) - ops.square(mean)
        statistics = ops.concatenate([mean, ops.sqrt(ops.maximum(variance, self.epsilon))], axis=-1)
        return ops.reshape(statistics, (-1, self.num_heads * 2 * inputs.shape[-1]))

    def _weights(self, frames: KerasTensor, lengths: KerasTensor | None, dtype: str) -> KerasTensor:
        """Returns `(batch, frames, num_heads)`, adding up to one over the real frames."""
        scores = ops.cast(self.scores(self.hidden(frames)), dtype)
        if lengths is not None:
            mask = sequence_mask(lengths, ops.shape(frames)[1])[:, :, None]
            scores = ops.where(mask, scores, ops.full((), -1e9, dtype=dtype))
        # Not `ops.softmax`, which warns about an item of one frame.
        return ops.exp(scores - ops.logsumexp(scores, axis=1, keepdims=True))

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return (inputs_shape[0], self.num_heads * 2 * inputs_shape[-1])

    def get_config(self) -> dict:
        return super().get_config() | {
            "num_heads": self.num_heads,
            "attention_units": self.attention_units,
            "epsilon": self.epsilon,
        }
