"""Louder and softer, in training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation, value_range


@keras.saving.register_keras_serializable("comparators")
class RandomGain(WaveformAugmentation):
    """Changes the level of each item. Nothing is clipped.

    Args:
        gain_range: lowest and highest gain, in dB.
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
        >>> layer = RandomGain(gain_range=(20, 20), probability=1.0)
        >>> ops.convert_to_numpy(layer(ops.ones((1, 2)), training=True))
        array([[10., 10.]], dtype=float32)
    """

    def __init__(
        self,
        gain_range: Sequence[float] = (-12.0, 6.0),
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.gain_range = value_range("gain_range", gain_range)

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        return waveforms * ops.power(10.0, self.draw(ops.shape(waveforms)[0], self.gain_range) / 20.0)

    def get_config(self) -> dict:
        return super().get_config() | {"gain_range": list(self.gain_range)}
