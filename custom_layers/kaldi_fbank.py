"""Kaldi's log-mel filter bank in the graph."""

import keras
from keras import KerasTensor, ops

from comparators.acoustics.kaldi_fbank import FLOOR, PRE_EMPHASIS, kaldi_lengths, kaldi_window
from comparators.acoustics.kaldi_mel import kaldi_mel_filterbank
from comparators.custom_layers.waveform_batch import valid_waveforms, whole_windows


@keras.saving.register_keras_serializable("comparators")
class KaldiFbank(keras.layers.Layer):
    """Turns waveforms into the features of AST and CAV-MAE, as `comparators.acoustics.kaldi_fbank` in float32.

    Its windows lie within the clip, so that a clip has the same frames alone and in a longer batch. Beside loud bands,
    the rounding of float32 shows in quiet ones: up to 0.01.

    Args:
        sample_rate: in Hz.
        num_mels: number of mel filters.
        window: `"hanning"`, `"hamming"` or `"povey"`.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, frames, num_mels)` with `1 + (samples - 400) // 160` frames at 16 kHz, and one for a clip
        shorter than a window, which is filled up with zeros.

    Raises:
        ValueError: an argument is out of its range, or the waveforms are not `(batch, samples)`.

    Example:
        >>> tuple(KaldiFbank()(ops.zeros((2, 16_000))).shape)
        (2, 98, 128)

    Reference:
        Povey et al. 2011, The Kaldi speech recognition toolkit.
    """

    def __init__(self, sample_rate: int = 16_000, num_mels: int = 128, window: str = "hanning", **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        self.window_length, self.hop_length, self.fft_length = kaldi_lengths(sample_rate)
        self.sample_rate = sample_rate
        self.num_mels = num_mels
        self.window = window
        self._weights = kaldi_window(window, self.window_length).astype("float32")
        self._filters = kaldi_mel_filterbank(sample_rate, self.fft_length, num_mels).astype("float32")

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        waveforms = valid_waveforms(inputs, lengths)
        waveforms = ops.pad(waveforms, ((0, 0), (0, self.window_length)))
        frames = ops.extract_sequences(waveforms, self.window_length, self.hop_length)
        frames = frames[:, : self.output_lengths(ops.shape(inputs)[1])]
        frames = frames - ops.mean(frames, axis=-1, keepdims=True)
        before = ops.concatenate([frames[..., :1], frames[..., :-1]], axis=-1)
        real, imaginary = ops.rfft((frames - PRE_EMPHASIS * before) * self._weights, fft_length=self.fft_length)
        return ops.log(ops.maximum(ops.matmul(ops.square(real) + ops.square(imaginary), self._filters), FLOOR))

    def output_lengths(self, lengths: KerasTensor | int) -> KerasTensor | int:
        """Maps samples to frames: those whose windows lie within the clip, at least one."""
        return whole_windows(lengths, self.window_length, self.hop_length)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, samples = inputs_shape
        return (batch, None if samples is None else self.output_lengths(samples), self.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {
            "sample_rate": self.sample_rate,
            "num_mels": self.num_mels,
            "window": self.window,
        }
