"""The sound of rooms, in training only."""

import math
from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation, fast_fft_length, power, value_range

_SILENT_DECAY = math.log(1000.0)  # the amplitude falls by 60 dB within the reverberation time


@keras.saving.register_keras_serializable("comparators")
class RoomReverberation(WaveformAugmentation):
    """Convolves waveforms with synthetic room responses: the direct sound and an exponentially decaying noise.

    Each item draws its own response. The direct sound keeps its place in time, the item its level.

    Args:
        sample_rate: in Hz.
        reverberation_time_range: shortest and longest time in which the tail falls by 60 dB, in seconds.
        direct_ratio_range: lowest and highest ratio of the direct sound's energy to the tail's, in dB.
        delay_seconds: from the direct sound to the first reflection.
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
        >>> click = ops.one_hot(ops.array([0]), 4000)
        >>> response = ops.convert_to_numpy(RoomReverberation(probability=1.0, seed=0)(click, training=True))[0]
        >>> bool(response[0] == abs(response).max()), bool((response[100:] ** 2).sum() > 0)
        (True, True)

    Reference:
        Lebart et al. 2001 (Polack's model of the late reverberation: decaying noise).
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        reverberation_time_range: Sequence[float] = (0.1, 0.5),
        direct_ratio_range: Sequence[float] = (0.0, 12.0),
        delay_seconds: float = 0.0025,
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        self.sample_rate = int(sample_rate)
        self.reverberation_time_range = value_range("reverberation_time_range", reverberation_time_range)
        self.direct_ratio_range = value_range("direct_ratio_range", direct_ratio_range)
        self.delay_seconds = delay_seconds
        if not 0 < delay_seconds < self.reverberation_time_range[0]:
            raise ValueError(
                "`delay_seconds` must be positive and below the shortest reverberation time. Received: "
                f"delay_seconds={delay_seconds}, reverberation_time_range={reverberation_time_range}."
            )

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        num_samples = ops.shape(waveforms)[1]
        tail = self._tails(ops.shape(waveforms)[0])
        fft_length = fast_fft_length(num_samples + tail.shape[1] - 1)
        reflected = ops.irfft(_product(ops.rfft(waveforms, fft_length), ops.rfft(tail, fft_length)), fft_length)
        wet = waveforms + reflected[:, :num_samples]
        level = power(waveforms, lengths) / ops.maximum(power(wet, lengths), 1e-20)
        return wet * ops.sqrt(level)

    def _tails(self, batch: int | KerasTensor) -> KerasTensor:
        """Returns one response `(batch, samples)` for each item, without the direct sound of energy one."""
        num_samples = math.ceil(self.reverberation_time_range[1] * self.sample_rate)
        seconds = ops.arange(num_samples, dtype="float32") / self.sample_rate
        decay = ops.exp(-_SILENT_DECAY * seconds / self.draw(batch, self.reverberation_time_range))
        noise = keras.random.uniform((batch, num_samples), -1.0, 1.0, dtype="float32", seed=self.seed_generator)
        tail = ops.where(seconds >= self.delay_seconds, noise * decay, 0.0)
        energy = ops.sum(ops.square(tail), axis=1, keepdims=True)
        return tail * ops.rsqrt(energy) * ops.power(10.0, -self.draw(batch, self.direct_ratio_range) / 20.0)

    def get_config(self) -> dict:
        return super().get_config() | {
            "sample_rate": self.sample_rate,
            "reverberation_time_range": list(self.reverberation_time_range),
            "direct_ratio_range": list(self.direct_ratio_range),
            "delay_seconds": self.delay_seconds,
        }


def _product(a: tuple[KerasTensor, KerasTensor], b: tuple[KerasTensor, KerasTensor]) -> tuple[KerasTensor, KerasTensor]:
    """Returns the complex product, each as real and imaginary part."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]
