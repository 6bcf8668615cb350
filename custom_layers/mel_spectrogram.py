"""Mel spectrograms in the graph, on any backend of Keras."""

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.acoustics.mel import mel_filterbank
from comparators.custom_layers.waveform_batch import valid_waveforms


@keras.saving.register_keras_serializable("comparators")
class MelSpectrogram(keras.layers.Layer):
    """Turns waveforms into mel spectrograms.

    The values are librosa's with `pad_mode="constant"`: a periodic Hann window in the middle of the Fourier transform,
    `fft_length // 2` zeros before and after the clip. A batch may be padded as it likes: samples past `lengths` count
    as zeros, so that a clip alone and in a batch gives the same frames, and a clip of any length (even none) gives
    `1 + samples // hop_length` of them. It always computes and returns float32, under any dtype policy.

    Args:
        sample_rate: in Hz.
        fft_length: length of the Fourier transform in samples, even.
        window_length: of the Hann window in samples, at most `fft_length`.
        hop_length: from one frame to the next, in samples.
        num_mels: number of mel filters.
        min_frequency: lower edge of the first filter, in Hz.
        max_frequency: upper edge of the last filter, in Hz; half the sample rate when None.
        scale: `"slaney"` or `"htk"`, see `comparators.acoustics.mel_filterbank`.
        normalization: `"slaney"` (filters of unit area) or None (filters with a peak of one).
        power: exponent of the magnitudes: 2 for power, 1 for amplitude.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, 1 + samples // hop_length, num_mels)`.

    Raises:
        ValueError: an argument is out of its range, or the waveforms are not `(batch, samples)`.

    Example:
        >>> tuple(MelSpectrogram(num_mels=40)(ops.zeros((2, 16_000))).shape)
        (2, 101, 40)
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        fft_length: int = 512,
        window_length: int = 400,
        hop_length: int = 160,
        num_mels: int = 80,
        min_frequency: float = 0.0,
        max_frequency: float | None = None,
        scale: str = "slaney",
        normalization: str | None = "slaney",
        power: float = 2.0,
        **kwargs,
    ):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        if fft_length < 2 or fft_length % 2:
            raise ValueError(f"`fft_length` must be even and positive. Received: fft_length={fft_length}.")
        if not 1 <= window_length <= fft_length:
            raise ValueError(
                "`window_length` must be positive and at most `fft_length`. "
                f"Received: window_length={window_length}, fft_length={fft_length}."
            )
        if hop_length < 1:
            raise ValueError(f"`hop_length` must be positive. Received: hop_length={hop_length}.")
        if power <= 0:
            raise ValueError(f"`power` must be positive. Received: power={power}.")
        self.sample_rate = int(sample_rate)
        self.fft_length = int(fft_length)
        self.window_length = int(window_length)
        self.hop_length = int(hop_length)
        self.num_mels = int(num_mels)
        self.min_frequency = min_frequency
        self.max_frequency = max_frequency
        self.scale = scale
        self.normalization = normalization
        self.power = power
        # Periodic for odd lengths too, which TensorFlow's own is not.
        turn = 2.0 * np.pi * np.arange(self.window_length) / self.window_length
        self._window = (0.5 - 0.5 * np.cos(turn)).astype("float32")
        self._filters = mel_filterbank(
            self.sample_rate, self.fft_length, self.num_mels, min_frequency, max_frequency, scale, normalization
        )

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        waveforms = valid_waveforms(inputs, lengths)
        margin = self.fft_length // 2
        real, imaginary = ops.stft(
            ops.pad(waveforms, ((0, 0), (margin, margin))),
            sequence_length=self.window_length,
            sequence_stride=self.hop_length,
            fft_length=self.fft_length,
            window=self._window,
            center=False,
        )
        spectrum = ops.square(real) + ops.square(imaginary)
        if self.power != 2:
            spectrum = ops.power(ops.maximum(spectrum, 1e-30), self.power / 2)  # the root's slope at 0 is infinite
        return ops.matmul(spectrum, self._filters)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Maps samples to frames: `1 + lengths // hop_length`."""
        return 1 + lengths // self.hop_length

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, samples = inputs_shape
        return (batch, None if samples is None else 1 + samples // self.hop_length, self.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {
            "sample_rate": self.sample_rate,
            "fft_length": self.fft_length,
            "window_length": self.window_length,
            "hop_length": self.hop_length,
            "num_mels": self.num_mels,
            "min_frequency": self.min_frequency,
            "max_frequency": self.max_frequency,
            "scale": self.scale,
            "normalization": self.normalization,
            "power": self.power,
        }
