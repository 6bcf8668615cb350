"""Statistics of frames by how loud they are: what a voice and its channel sound like, without any training."""

import keras
import numpy as np
from keras import KerasTensor, ops
from scipy.fft import dct

from comparators.custom_layers.sequence_mask import sequence_mask, zero_padding
from comparators.custom_layers.statistics_pooling import StatisticsPooling


@keras.saving.register_keras_serializable("comparators")
class LevelStatistics(keras.layers.Layer):
    """Describes log-mel frames by their means at several levels of loudness and by how much they move.

    The real frames of an item are ranked by level (mean over the bands) and split into `num_levels` equal parts, from
    pauses to loud vowels; the mean spectrum of each part is kept. Then come standard deviations over time: of the bands
    and of their cepstrum, and of the differences of both from frame to frame. Nothing is learnt. It computes in
    float32 under any dtype policy.

    Args:
        num_levels: parts of equal size.
        num_cepstra: cepstral coefficients whose deviations are taken.
        epsilon: smallest variance.

    Call arguments:
        inputs: `(batch, frames, bands)`, logarithmic.
        lengths: int `(batch,)` in frames; None when nothing is padding.

    Returns:
        `(batch, num_levels * bands + 2 * (bands + num_cepstra))`.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> layer = LevelStatistics(num_levels=2, num_cepstra=1)
        >>> frames = ops.array([[[1.0, 3.0], [7.0, 9.0], [3.0, 1.0], [9.0, 7.0]]])
        >>> ops.convert_to_numpy(layer(frames))[0, :4].round(3)
        array([2., 2., 8., 8.], dtype=float32)
    """

    def __init__(self, num_levels: int = 4, num_cepstra: int = 40, epsilon: float = 1e-6, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        for name, value in {"num_levels": num_levels, "num_cepstra": num_cepstra, "epsilon": epsilon}.items():
            if value <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        self.num_levels = num_levels
        self.num_cepstra = num_cepstra
        self.epsilon = epsilon
        self.statistics = StatisticsPooling(epsilon, dtype="float32", name="statistics")

    def build(self, inputs_shape: tuple) -> None:
        cosines = dct(np.eye(inputs_shape[-1]), norm="ortho")
        self._cosines = cosines[:, : self.num_cepstra].astype("float32")

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        frames = zero_padding(ops.cast(inputs, "float32"), lengths)
        if lengths is None:
            lengths = ops.zeros_like(frames[:, 0, 0], dtype="int32") + ops.shape(frames)[1]
        lengths = ops.cast(lengths, "int32")
        means = ops.matmul(ops.transpose(self._level_weights(frames, lengths), (0, 2, 1)), frames)
        values = ops.concatenate([frames, ops.matmul(frames, self._cosines)], axis=-1)
        steps = ops.pad(values[:, 1:] - values[:, :-1], ((0, 0), (0, 1), (0, 0)))
        return ops.concatenate(
            [
                ops.reshape(means, (-1, self.num_levels * inputs.shape[-1])),
                self._deviations(values, lengths),
                self._deviations(steps, ops.maximum(lengths - 1, 1)),
            ],
            axis=-1,
        )

    def _level_weights(self, frames: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        """Returns `(batch, frames, num_levels)`: for each level the share of its real frames, one over their number."""
        mask = sequence_mask(lengths, ops.shape(frames)[1])
        level = ops.where(mask, ops.mean(frames, axis=-1), float("inf"))
        rank = ops.argsort(ops.argsort(level, axis=1), axis=1)
        part = ops.cast(rank, "int32") * self.num_levels // ops.maximum(lengths, 1)[:, None]
        part = ops.minimum(part, self.num_levels - 1)  # of the padding, whose weight is zero anyway
        # The small share of every real frame serves a level without frames, in clips of fewer frames than levels.
        weights = ops.one_hot(part, self.num_levels, dtype="float32") + 1e-6
        weights = weights * ops.cast(mask, "float32")[:, :, None]
        return weights / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1e-12)

    def _deviations(self, values: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        return self.statistics(values, lengths=lengths)[:, values.shape[-1] :]

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, _, bands = inputs_shape
        return (batch, self.num_levels * bands + 2 * (bands + min(self.num_cepstra, bands)))

    def get_config(self) -> dict:
        return super().get_config() | {
            "num_levels": self.num_levels,
            "num_cepstra": self.num_cepstra,
            "epsilon": self.epsilon,
        }
