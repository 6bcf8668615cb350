"""The front end of the zero-shot siamese networks."""

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.acoustics.mel import mel_filterbank
from comparators.custom_layers.clip_mel import ClipMel

_FFT_LENGTH = 512
_HOP_LENGTH = 256
_TOP_DB = 80.0


@keras.saving.register_keras_serializable("comparators")
class ZeroShotMel(ClipMel):
    """Turns clips at 16 kHz into mel spectrograms in decibels, divided by 80.

    Hann windows of 32 ms every 16 ms, the power in mel bands (HTK's, peaks of one) up to 8000 Hz, in decibels of full
    scale and at most 80 below the loudest place of the clip, divided by 80. The clip is mirrored at its ends, more than
    once if it is shorter than a window. Frames past a clip have the quietest value that the clip may have.

    Args:
        num_mels: mel filters.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type. The tutorial cuts or fills up to 48,000
            samples, where the zeros are part of the clip.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, 1 + samples // 256, num_mels)`.

    Raises:
        ValueError: `num_mels` is not positive, or the waveforms are not `(batch, samples)`.

    Example:
        >>> tuple(ZeroShotMel()(ops.ones((2, 48_000))).shape)
        (2, 188, 80)

    Reference:
        Choi et al. 2019, Zero-shot learning for audio-based music classification and tagging.
    """

    def __init__(self, num_mels: int = 80, **kwargs):
        super().__init__(
            sample_rate=16_000,
            window=0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(_FFT_LENGTH) / _FFT_LENGTH),  # periodic
            filters=mel_filterbank(16_000, _FFT_LENGTH, num_mels, scale="htk", normalization=None),
            hop_length=_HOP_LENGTH,
            center_padding="reflect",
            **kwargs,
        )

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        waveforms, lengths = self._valid(inputs, lengths)
        decibels, loudest = self._decibels(waveforms, lengths)
        valid = self._valid_frames(decibels, lengths)
        quietest = loudest - _TOP_DB
        return ops.where(valid, ops.maximum(decibels, quietest), quietest) / _TOP_DB

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Maps samples to frames: `1 + lengths // 256`."""
        return self._num_frames(lengths)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, samples = inputs_shape
        return (batch, None if samples is None else self._num_frames(samples), self.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {"num_mels": self.num_mels}
