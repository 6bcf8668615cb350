"""The sound of a telephone line, in training only."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation, fast_fft_length


@keras.saving.register_keras_serializable("comparators")
class BandLimit(WaveformAugmentation):
    """Removes what lies above a frequency: by default what a recording at 8 kHz lacks.

    Args:
        sample_rate: in Hz.
        cutoff_frequency: in Hz; nothing passes from here on.
        transition_width: in Hz, below the cutoff, over which the gain falls from one to zero.
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
        >>> high = ops.cos(0.75 * 3.14159265 * ops.arange(16_000, dtype="float32"))[None]  # 6 kHz
        >>> bool(ops.max(ops.abs(BandLimit(probability=1.0)(high, training=True)[:, 4000:12_000])) < 1e-3)
        True
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        cutoff_frequency: float = 4_000.0,
        transition_width: float = 300.0,
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        if not 0 < transition_width < cutoff_frequency <= sample_rate / 2:
            raise ValueError(
                "The filter needs 0 < `transition_width` < `cutoff_frequency` <= `sample_rate` / 2. Received: "
                f"transition_width={transition_width}, cutoff_frequency={cutoff_frequency}, sample_rate={sample_rate}."
            )
        self.sample_rate = int(sample_rate)
        self.cutoff_frequency = cutoff_frequency
        self.transition_width = transition_width

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        num_samples = ops.shape(waveforms)[1]
        fft_length = fast_fft_length(num_samples)
        hertz_per_bin = self.sample_rate / ops.cast(fft_length, "float32")
        frequency = ops.arange(fft_length // 2 + 1, dtype="float32") * hertz_per_bin
        gain = ops.clip((self.cutoff_frequency - frequency) / self.transition_width, 0.0, 1.0)
        real, imaginary = ops.rfft(waveforms, fft_length)
        return ops.irfft((real * gain, imaginary * gain), fft_length)[:, :num_samples]

    def get_config(self) -> dict:
        return super().get_config() | {
            "sample_rate": self.sample_rate,
            "cutoff_frequency": self.cutoff_frequency,
            "transition_width": self.transition_width,
        }
