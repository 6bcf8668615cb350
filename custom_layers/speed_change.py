"""Faster and slower, with the pitch, in training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation, value_range


@keras.saving.register_keras_serializable("comparators")
class SpeedChange(WaveformAugmentation):
    """Plays waveforms faster or slower; the pitch changes with the speed.

    An item keeps its length, as with all augmentations: a faster one goes on with its own beginning when it is through,
    a slower one loses its end. Samples between samples come from cubic interpolation.

    Pitch is part of a voice: with a range wider than some 5 %, copies at other speeds are better taken as other
    speakers, in the labels.

    Args:
        factor_range: lowest and highest speed; 1.1 plays 10 % faster.
        probability: that an item is changed.
        seed: of the draws.

    Call arguments:
        inputs: waveforms `(batch, samples)`.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.
        training: whether to change anything.

    Returns:
        float32 `(batch, samples)`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> ramp = ops.reshape(ops.arange(6, dtype="float32"), (1, 6))
        >>> ops.convert_to_numpy(SpeedChange(factor_range=(2, 2), probability=1.0)(ramp, training=True))
        array([[0., 2., 4., 0., 2., 4.]], dtype=float32)

    Reference:
        Ko et al. 2015, Audio augmentation for speech recognition.
    """

    def __init__(
        self,
        factor_range: Sequence[float] = (0.95, 1.05),
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.factor_range = value_range("factor_range", factor_range)
        if self.factor_range[0] <= 0:
            raise ValueError(f"`factor_range` must be positive. Received: factor_range={factor_range}.")

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch, num_samples = ops.shape(waveforms)
        samples = ops.arange(num_samples, dtype="int32")[None, :]
        # The way gained, not the place: float32 holds the fraction of a small number better.
        gained = ops.cast(samples, "float32") * (self.draw(batch, self.factor_range) - 1.0)
        whole = ops.floor(gained)
        end = ops.maximum(lengths, 1)[:, None]
        place = (samples + ops.cast(whole, "int32")) % end
        margins = ops.pad(waveforms, ((0, 0), (1, 2)))
        index = ops.arange(batch, dtype="int32")[:, None] * (num_samples + 3) + place
        flat = ops.reshape(margins, (-1,))
        return _cubic(*[ops.take(flat[tap:], index) for tap in range(4)], gained - whole)

    def get_config(self) -> dict:
        return super().get_config() | {"factor_range": list(self.factor_range)}


def _cubic(a: KerasTensor, b: KerasTensor, c: KerasTensor, d: KerasTensor, fraction: KerasTensor) -> KerasTensor:
    """Returns the value between b and c, on the cubic with the slopes that their neighbours give (Catmull-Rom)."""
    third = 3.0 * (b - c) + d - a
    second = 2.0 * a - 5.0 * b + 4.0 * c - d
    return b + 0.5 * fraction * (c - a + fraction * (second + fraction * third))
