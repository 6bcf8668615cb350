"""The front end of the small spectrogram transformer for environmental sounds."""

import warnings

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.acoustics.kaldi_mel import kaldi_mel_filterbank
from comparators.custom_layers.sequence_mask import fixed_length, sequence_mask, zero_padding
from comparators.custom_layers.waveform_batch import valid_waveforms, whole_windows

_FULL_SCALE = 32_768.0  # the published code reads 16-bit integers
_FLOOR = 1e-10
_SMALLEST_DEVIATION = 1e-3


@keras.saving.register_keras_serializable("comparators")
class ESCMel(keras.layers.Layer):
    """Turns clips at 8 kHz into log-mel spectrograms, each with a mean of zero and a deviation of one.

    Periodic Hann windows of 25 ms every 10 ms that lie within the clip, magnitudes in mel bands (HTK's scale, triangles
    over mels with peaks of one) from 0 to 4000 Hz, their natural logarithm; then the clip's own mean and standard
    deviation, over all its frames and bands. Frames past a clip are 0, its mean. A clip of silence is 0 everywhere.

    Args:
        target_length: frames of every output, by cutting and padding; None takes those of the longest clip. Five
            seconds have 498.
        num_mels: mel filters.
        fft_length: length of the Fourier transform in samples, at least 200. The fewer, the more filters are empty.
        normalize: False leaves the logarithms as they are.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, target_length, num_mels)`; a clip has `min(1 + (samples - 200) // 80, target_length)` frames.

    Raises:
        ValueError: an argument is out of its range, or the waveforms are not `(batch, samples)`.

    Example:
        >>> layer = ESCMel()
        >>> tuple(layer(ops.ones((2, 40_000))).shape), int(layer.output_lengths(8_000))
        ((2, 498, 128), 98)

    Reference:
        Gong et al. 2021, AST: audio spectrogram transformer.
    """

    def __init__(
        self,
        target_length: int | None = 498,
        num_mels: int = 128,
        fft_length: int = 512,
        normalize: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        self.sample_rate, self.window_length, self.hop_length = 8_000, 200, 80
        if target_length is not None and target_length < 1:
            raise ValueError(f"`target_length` must be positive or None. Received: target_length={target_length}.")
        if fft_length < self.window_length:
            raise ValueError(f"`fft_length` must be at least {self.window_length}. Received: fft_length={fft_length}.")
        self.target_length = target_length
        self.num_mels = int(num_mels)
        self.fft_length = int(fft_length)
        self.normalize = bool(normalize)
        turn = 2.0 * np.pi * np.arange(self.window_length) / self.window_length
        self._window = (_FULL_SCALE * (0.5 - 0.5 * np.cos(turn))).astype("float32")
        self._filters = kaldi_mel_filterbank(self.sample_rate, self.fft_length, self.num_mels, 0.0).astype("float32")
        _warn_of_empty_filters(self._filters, self.fft_length)

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        waveforms = valid_waveforms(inputs, lengths)
        batch, samples = ops.shape(waveforms)
        padded = ops.pad(waveforms, ((0, 0), (0, self.window_length)))
        frames = ops.extract_sequences(padded, self.window_length, self.hop_length)[:, : self._num_frames(samples)]
        real, imaginary = ops.rfft(frames * self._window, fft_length=self.fft_length)
        # The root's slope at 0 is infinite.
        magnitudes = ops.sqrt(ops.maximum(ops.square(real) + ops.square(imaginary), 1e-30))
        features = ops.log(ops.matmul(magnitudes, self._filters) + _FLOOR)
        if lengths is None:
            lengths = ops.full((batch,), samples, dtype="int32")
        features = self._normalized(features, self._num_frames(lengths))
        return features if self.target_length is None else fixed_length(features, self.target_length)

    def _normalized(self, features: KerasTensor, num_frames: KerasTensor) -> KerasTensor:
        if not self.normalize:
            return zero_padding(features, num_frames)
        mask = sequence_mask(num_frames, ops.shape(features)[1])[:, :, None]
        count = ops.cast(num_frames * self.num_mels, "float32")[:, None, None]
        mean = ops.sum(ops.where(mask, features, 0.0), axis=(1, 2), keepdims=True) / count
        centered = ops.where(mask, features - mean, 0.0)
        variance = ops.sum(ops.square(centered), axis=(1, 2), keepdims=True) / count
        return centered / ops.maximum(ops.sqrt(variance), _SMALLEST_DEVIATION)

    def _num_frames(self, samples: KerasTensor | int) -> KerasTensor | int:
        return whole_windows(samples, self.window_length, self.hop_length)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Maps samples to frames: those whose windows lie within the clip, at least one, at most `target_length`."""
        frames = self._num_frames(lengths)
        return frames if self.target_length is None else ops.minimum(frames, self.target_length)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, samples = inputs_shape
        frames = None if samples is None else self._num_frames(samples)
        return (batch, frames if self.target_length is None else self.target_length, self.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {
            "target_length": self.target_length,
            "num_mels": self.num_mels,
            "fft_length": self.fft_length,
            "normalize": self.normalize,
        }


def _warn_of_empty_filters(filters: np.ndarray, fft_length: int) -> None:
    empty = np.flatnonzero(filters.sum(axis=0) == 0)
    if len(empty):
        warnings.warn(
            f"{len(empty)} of {filters.shape[1]} mel filters are empty, since they are narrower than a step of the "
            f"transform: filters {', '.join(map(str, empty))}. Received: fft_length={fft_length}. Raise it, or take "
            "fewer filters.",
            stacklevel=3,
        )
