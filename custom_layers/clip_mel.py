"""What the front ends share whose decibels are relative to the loudest place of a clip."""

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask
from comparators.custom_layers.waveform_batch import valid_waveforms

CENTER_PADDINGS = ("reflect", "constant")
_SMALLEST_POWER = 1e-10


@keras.saving.register_keras_serializable("comparators")
class ClipMel(keras.layers.Layer):
    """Turns whole clips into mel spectrograms in decibels, in float32 under any dtype policy.

    A clip alone and in a longer batch gives the same frames: what stands past its length is never read, it is its own
    end that is mirrored, and the loudest value is sought in its own frames. Subclasses say what happens before and
    after.

    Args:
        sample_rate: in Hz.
        window: `(fft_length,)`, of even length.
        filters: `(1 + fft_length // 2, num_mels)`.
        hop_length: from one frame to the next, in samples.
        center_padding: what stands around the clip, `"reflect"` (the clip mirrored at its ends, as often as it takes)
            or `"constant"` (zeros).
        name, dtype: as in `keras.layers.Layer`.

    Raises:
        ValueError: the padding is unknown.
    """

    def __init__(
        self,
        sample_rate: int,
        window: np.ndarray,
        filters: np.ndarray,
        hop_length: int,
        center_padding: str,
        **kwargs,
    ):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        if center_padding not in CENTER_PADDINGS:
            raise ValueError(
                f"`center_padding` must be one of {', '.join(CENTER_PADDINGS)}. "
                f"Received: center_padding={center_padding!r}."
            )
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.center_padding = center_padding
        self.fft_length, self.num_mels = len(window), filters.shape[1]
        self._window = window.astype("float32")
        self._filters = filters

    def _valid(self, inputs: KerasTensor, lengths: KerasTensor | None) -> tuple[KerasTensor, KerasTensor]:
        """Returns float32 waveforms, zero past the lengths, and the lengths."""
        waveforms = valid_waveforms(inputs, lengths)
        if lengths is None:
            batch, samples = ops.shape(waveforms)
            return waveforms, ops.full((batch,), samples, dtype="int32")
        return waveforms, ops.cast(lengths, "int32")

    def _decibels(self, waveforms: KerasTensor, lengths: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
        """Returns decibels `(batch, frames, num_mels)` of full scale, and the clips' largest `(batch, 1, 1)`."""
        margin = self.fft_length // 2
        if self.center_padding == "reflect":
            padded = mirror_ends(waveforms, lengths, margin)
        else:
            padded = ops.pad(waveforms, ((0, 0), (margin, margin)))
        real, imaginary = ops.stft(
            padded,
            sequence_length=self.fft_length,
            sequence_stride=self.hop_length,
            fft_length=self.fft_length,
            window=self._window,
            center=False,
        )
        mel = ops.matmul(ops.square(real) + ops.square(imaginary), self._filters)
        decibels = 10.0 * ops.log10(ops.maximum(mel, _SMALLEST_POWER))
        heard = ops.where(self._valid_frames(decibels, lengths), decibels, -np.inf)
        return decibels, ops.max(heard, axis=(1, 2), keepdims=True)

    def _valid_frames(self, frames: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        return sequence_mask(self._num_frames(lengths), ops.shape(frames)[1])[:, :, None]

    def _num_frames(self, lengths: KerasTensor) -> KerasTensor:
        return 1 + lengths // self.hop_length


def mirror_ends(waveforms: KerasTensor, lengths: KerasTensor, margin: int) -> KerasTensor:
    """Continues clips by their mirror images, the samples at the ends themselves not repeated.

    Args:
        waveforms: `(batch, samples)`, zero past the lengths.
        lengths: int32 `(batch,)`, samples of each clip.
        margin: samples to add before and after; may be more than a clip has.

    Returns:
        `(batch, samples + 2 * margin)`: as `numpy.pad(clip, margin, "reflect")` up to `lengths + 2 * margin`, whatever
        after that.

    Example:
        >>> mirrored = mirror_ends(ops.array([[1.0, 2.0, 3.0, 0.0]]), ops.array([3]), 2)
        >>> ops.convert_to_numpy(mirrored)[0, :7]
        array([3., 2., 1., 2., 3., 2., 1.], dtype=float32)
    """
    samples = ops.shape(waveforms)[1]
    last = ops.maximum(lengths - 1, 0)[:, None]
    period = 2 * ops.maximum(last, 1)
    place = ops.mod(ops.arange(-margin, samples + margin, dtype="int32")[None, :], period)
    place = ops.minimum(ops.minimum(place, period - place), last)
    with_one = ops.pad(waveforms, ((0, 0), (0, 1)))  # a place to read from where there is no sample at all
    return ops.take_along_axis(with_one, place, axis=1)
