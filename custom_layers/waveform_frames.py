"""The waveform itself as features: a front end that computes nothing."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import zero_padding


@keras.saving.register_keras_serializable("comparators")
class WaveformFrames(keras.layers.Layer):
    """Cuts waveforms into short frames that do not overlap; the samples of a frame are its features.

    It is the front end of networks that learn their filters from the waveform: a convolution over these frames is one
    over the waveform, with `hop_length` as its stride. As with the spectrograms, samples past `lengths` count as zeros
    and a clip gives `1 + samples // hop_length` frames, whatever batch it is in.

    Args:
        sample_rate: in Hz; told to those who cut windows, not computed with.
        hop_length: samples of a frame.

    Call arguments:
        inputs: waveforms `(batch, samples)`, of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, 1 + samples // hop_length, hop_length)`.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> ops.convert_to_numpy(WaveformFrames(hop_length=2)(ops.array([[0.1, 0.2, 0.3]])))
        array([[[0.1, 0.2],
                [0.3, 0. ]]], dtype=float32)
    """

    def __init__(self, sample_rate: int = 16_000, hop_length: int = 16, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        for name, value in {"sample_rate": sample_rate, "hop_length": hop_length}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        self.sample_rate = int(sample_rate)
        self.hop_length = int(hop_length)

    @property
    def fft_length(self) -> int:
        """Samples that a frame sees."""
        return self.hop_length

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        waveforms = zero_padding(ops.cast(inputs, "float32"), lengths)
        padded = ops.pad(waveforms, ((0, 0), (0, self.hop_length)))  # always one frame more than whole ones
        num_frames = self.output_lengths(ops.shape(waveforms)[1])
        return ops.reshape(padded[:, : num_frames * self.hop_length], (-1, num_frames, self.hop_length))

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Maps samples to frames: `1 + lengths // hop_length`."""
        return 1 + lengths // self.hop_length

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        batch, samples = inputs_shape
        return (batch, None if samples is None else self.output_lengths(samples), self.hop_length)

    def get_config(self) -> dict:
        return super().get_config() | {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
