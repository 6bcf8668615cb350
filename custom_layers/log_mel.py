"""Log-mel spectrograms in the graph: the front end of the speech encoders."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.mel_spectrogram import MelSpectrogram


@keras.saving.register_keras_serializable("comparators")
class LogMel(MelSpectrogram):
    """Turns waveforms into log-mel spectrograms: the natural logarithm of `max(mel, floor)`.

    Equal to `np.log(np.maximum(librosa.feature.melspectrogram(..., pad_mode="constant"), floor))`: to 1e-4 with a floor
    of 1e-5 (1e-4 for filters that are not normalised, whose values are some 30 times as large), to 1e-3 with a tenth of
    that. Farther down, beside loud bands, the rounding of float32 shows.

    Args:
        sample_rate: in Hz.
        fft_length: length of the Fourier transform in samples, even.
        window_length: of the Hann window in samples, at most `fft_length`.
        hop_length: from one frame to the next, in samples.
        num_mels: number of mel filters.
        min_frequency: lower edge of the first filter, in Hz.
        max_frequency: upper edge of the last filter, in Hz; half the sample rate when None.
        scale: `"slaney"` or `"htk"`.
        normalization: `"slaney"` (filters of unit area) or None (filters with a peak of one).
        power: exponent of the magnitudes: 2 for power, 1 for amplitude.
        floor: smallest mel value that is told from silence. White noise at full scale is 5 with the other defaults.
        top_db: decibels below an item's loudest value at which silence begins; None for `floor` alone. It hides the
            noise that one recording has in its pauses and another one has not.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, 1 + samples // hop_length, num_mels)`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> float(LogMel(floor=1.0)(ops.zeros((1, 400)))[0, 0, 0])
        0.0
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
        floor: float = 1e-6,
        top_db: float | None = None,
        **kwargs,
    ):
        super().__init__(
            sample_rate=sample_rate,
            fft_length=fft_length,
            window_length=window_length,
            hop_length=hop_length,
            num_mels=num_mels,
            min_frequency=min_frequency,
            max_frequency=max_frequency,
            scale=scale,
            normalization=normalization,
            power=power,
            **kwargs,
        )
        if floor <= 0:
            raise ValueError(f"`floor` must be positive. Received: floor={floor}.")
        if top_db is not None and top_db <= 0:
            raise ValueError(f"`top_db` must be positive. Received: top_db={top_db}.")
        self.floor = float(floor)
        self.top_db = None if top_db is None else float(top_db)

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        mel = ops.maximum(super().call(inputs, lengths), self.floor)
        if self.top_db is not None:
            mel = ops.maximum(mel, ops.max(mel, axis=(1, 2), keepdims=True) * 10 ** (-self.top_db * self.power / 20))
        return ops.log(mel)

    def get_config(self) -> dict:
        return super().get_config() | {"floor": self.floor, "top_db": self.top_db}
