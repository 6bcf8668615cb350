"""The front end of DAVEnet."""

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.acoustics.mel import mel_filterbank
from comparators.custom_layers.clip_mel import ClipMel
from comparators.custom_layers.sequence_mask import fixed_length, zero_padding

_FFT_LENGTH = 400
_HOP_LENGTH = 160
_PRE_EMPHASIS = 0.97


@keras.saving.register_keras_serializable("comparators")
class DaveNetMel(ClipMel):
    """Turns captions at 16 kHz into mel spectrograms in decibels below their loudest place, of one length.

    The mean of a clip is taken off, then 0.97 of the sample before; symmetric Hamming windows of 25 ms every 10 ms, the
    power in `num_mels` mel bands (Slaney's, of unit area) from 20 to 8000 Hz, in decibels from -`top_db` to 0. A clip
    of silence has no loudest place and is 0 everywhere. A clip shorter than a window is mirrored until it fills one.

    Args:
        target_length: frames of every output, by cutting and padding; None takes those of the longest clip.
        pad_value: of the frames after a clip. The published code has 0, which is the loudest level there is.
        num_mels: mel filters.
        top_db: decibels from the loudest to the quietest value.
        center_padding: `"reflect"` is what the published code did, with the library of its time; with librosa from
            version 0.10 on it does `"constant"`, zeros. Only the first and last two frames differ.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, target_length, num_mels)`; a clip has `min(1 + samples // 160, target_length)` frames.

    Raises:
        ValueError: an argument is out of its range, or the waveforms are not `(batch, samples)`.

    Example:
        >>> layer = DaveNetMel(target_length=1024)
        >>> tuple(layer(ops.ones((2, 16_000))).shape), int(layer.output_lengths(16_000))
        ((2, 1024, 40), 101)

    Reference:
        Harwath et al. 2018, Jointly discovering visual objects and spoken words from raw sensory input.
    """

    def __init__(
        self,
        target_length: int | None = 2048,
        pad_value: float = -80.0,
        num_mels: int = 40,
        top_db: float = 80.0,
        center_padding: str = "reflect",
        **kwargs,
    ):
        super().__init__(
            sample_rate=16_000,
            window=np.hamming(_FFT_LENGTH),  # symmetric, as the published code has it
            filters=mel_filterbank(16_000, _FFT_LENGTH, num_mels, min_frequency=20.0),
            hop_length=_HOP_LENGTH,
            center_padding=center_padding,
            **kwargs,
        )
        if target_length is not None and target_length < 1:
            raise ValueError(f"`target_length` must be positive or None. Received: target_length={target_length}.")
        if top_db <= 0:
            raise ValueError(f"`top_db` must be positive. Received: top_db={top_db}.")
        self.target_length = target_length
        self.pad_value = float(pad_value)
        self.top_db = float(top_db)

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        waveforms, lengths = self._valid(inputs, lengths)
        decibels, loudest = self._decibels(pre_emphasized(waveforms, lengths), lengths)
        decibels = ops.maximum(decibels - loudest, -self.top_db)
        decibels = ops.where(self._valid_frames(decibels, lengths), decibels, self.pad_value)
        if self.target_length is None:
            return decibels
        return fixed_length(decibels, self.target_length, self.pad_value)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Maps samples to frames: `1 + lengths // 160`, at most `target_length`."""
        frames = self._num_frames(lengths)
        return frames if self.target_length is None else ops.minimum(frames, self.target_length)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, samples = inputs_shape
        frames = None if samples is None else self._num_frames(samples)
        return (batch, frames if self.target_length is None else self.target_length, self.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {
            "target_length": self.target_length,
            "pad_value": self.pad_value,
            "num_mels": self.num_mels,
            "top_db": self.top_db,
            "center_padding": self.center_padding,
        }


def pre_emphasized(waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
    """Takes the mean of each clip off, then 0.97 of the sample before.

    Args:
        waveforms: `(batch, samples)`, zero past the lengths.
        lengths: int32 `(batch,)` in samples.

    Returns:
        `(batch, samples)`, zero past the lengths.

    Example:
        >>> ops.convert_to_numpy(pre_emphasized(ops.array([[2.0, 4.0, 0.0]]), ops.array([2])))
        array([[-1.  ,  1.97,  0.  ]], dtype=float32)
    """
    count = ops.cast(ops.maximum(lengths, 1), waveforms.dtype)[:, None]
    centered = zero_padding(waveforms - ops.sum(waveforms, axis=1, keepdims=True) / count, lengths)
    before = ops.pad(centered, ((0, 0), (1, 0)))[:, :-1]
    return zero_padding(centered - _PRE_EMPHASIS * before, lengths)
