"""Noise from white to brown, in training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import (
    WaveformAugmentation,
    added_at,
    fast_fft_length,
    value_range,
)


@keras.saving.register_keras_serializable("comparators")
class AddNoise(WaveformAugmentation):
    """Adds noise whose power falls with frequency as `1 / f ** tilt`, at a signal-to-noise ratio.

    A tilt of 0 is white, 1 pink, 2 brown noise; each item draws its own.

    Args:
        snr_range: lowest and highest signal-to-noise ratio, in dB.
        tilt_range: lowest and highest tilt.
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
        >>> noisy = AddNoise(snr_range=(0, 0), probability=1.0, seed=0)(ops.ones((1, 8000)), training=True)
        >>> round(float(ops.mean(ops.square(noisy - 1.0))), 3)
        1.0
    """

    def __init__(
        self,
        snr_range: Sequence[float] = (5.0, 25.0),
        tilt_range: Sequence[float] = (0.0, 1.5),
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.snr_range = value_range("snr_range", snr_range)
        self.tilt_range = value_range("tilt_range", tilt_range)

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch, num_samples = ops.shape(waveforms)
        fft_length = fast_fft_length(num_samples)
        bins = ops.arange(fft_length // 2 + 1, dtype="float32")
        tilt = self.draw(batch, self.tilt_range)
        magnitude = ops.where(bins > 0, ops.exp(-0.5 * tilt * ops.log(ops.maximum(bins, 1.0))), 0.0)
        # Uniform draws are cheaper than normal ones, and as a sum of thousands the noise is normal all the same.
        shape = (2, batch, fft_length // 2 + 1)
        spectrum = magnitude * keras.random.uniform(shape, -1.0, 1.0, dtype="float32", seed=self.seed_generator)
        noise = ops.irfft((spectrum[0], spectrum[1]), fft_length)[:, :num_samples]
        return added_at(waveforms, noise, lengths, self.draw(batch, self.snr_range))

    def get_config(self) -> dict:
        return super().get_config() | {"snr_range": list(self.snr_range), "tilt_range": list(self.tilt_range)}
