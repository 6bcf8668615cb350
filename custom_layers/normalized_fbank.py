"""The front end of AST and CAV-MAE: Kaldi's filter bank, one length, one normalisation."""

import math

import keras
from keras import KerasTensor, ops

from comparators.acoustics.kaldi_fbank import FLOOR
from comparators.custom_layers.fbank_presets import fbank_preset
from comparators.custom_layers.kaldi_fbank import KaldiFbank
from comparators.custom_layers.sequence_mask import fixed_length, sequence_mask, zero_padding

_PAD_VALUES = {"zero": 0.0, "silence": math.log(FLOOR)}


@keras.saving.register_keras_serializable("comparators")
class NormalizedFbank(KaldiFbank):
    """Turns waveforms into the normalised features of AST and CAV-MAE, of one length.

    The mean of a clip is taken off, `KaldiFbank` computes its log-mel features, frames are added or cut at the end, and
    `mean` is taken off and `num_stds * std` divided by. `from_preset` has the published numbers; for sounds of one's
    own, `comparators.generators.compute_norm_stats` computes mean and standard deviation.

    Args:
        target_length: frames of every output; ten seconds have 998.
        mean: of the log-mel values of the training data.
        std: of the log-mel values of the training data.
        num_stds: by how many standard deviations the values are divided: 2 in AST, 1 in CAV-MAE.
        pad: what the frames after a clip are before the normalisation: `"zero"` as published, which is louder than most
            sound, or `"silence"`, what a silent frame has.
        sample_rate: in Hz.
        num_mels: number of mel filters.
        window: `"hanning"`, `"hamming"` or `"povey"`.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1], of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, target_length, num_mels)`.

    Raises:
        ValueError: an argument is out of its range, or the waveforms are not `(batch, samples)`.

    Example:
        >>> layer = NormalizedFbank.from_preset("ast-esc50")
        >>> tuple(layer(ops.zeros((2, 80_000))).shape), int(layer.output_lengths(80_000))
        ((2, 512, 128), 498)

    Reference:
        Gong et al. 2021, AST: audio spectrogram transformer.
    """

    def __init__(
        self,
        target_length: int = 1024,
        mean: float = -4.2677393,
        std: float = 4.5689974,
        num_stds: float = 2.0,
        pad: str = "zero",
        sample_rate: int = 16_000,
        num_mels: int = 128,
        window: str = "hanning",
        **kwargs,
    ):
        super().__init__(sample_rate=sample_rate, num_mels=num_mels, window=window, **kwargs)
        for name, value in {"target_length": target_length, "std": std, "num_stds": num_stds}.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        if pad not in _PAD_VALUES:
            raise ValueError(f"`pad` must be one of {', '.join(_PAD_VALUES)}. Received: pad={pad!r}.")
        self.target_length = int(target_length)
        self.mean, self.std, self.num_stds = float(mean), float(std), float(num_stds)
        self.pad = pad

    @classmethod
    def from_preset(cls, name: str, **arguments) -> "NormalizedFbank":
        """Makes the front end of a published network.

        Args:
            name: `"ast-audioset"`, `"ast-esc50"`, `"ast-speechcommands"` or `"cavmae-audioset"`.
            arguments: of the constructor, in place of the preset's.

        Raises:
            ValueError: there is none of that name.
        """
        return cls(**fbank_preset(name)._asdict() | arguments)

    @property
    def zero_level(self) -> float:
        """What a 0 before the normalisation is behind it.

        The published trainings mask with zeros first and normalise then. With a `SpecAugment` behind this layer the
        same is `SpecAugment.one_mask_each(48, 192, fill=front_end.zero_level)`.
        """
        return -self.mean / (self.num_stds * self.std)

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        if len(inputs.shape) == 2:  # the base refuses others
            inputs = _centered(ops.cast(inputs, "float32"), lengths)
        features = super().call(inputs, lengths)
        padding = _PAD_VALUES[self.pad]
        if lengths is not None:
            valid = sequence_mask(super().output_lengths(ops.cast(lengths, "int32")), ops.shape(features)[1])
            features = ops.where(valid[:, :, None], features, padding)
        return (fixed_length(features, self.target_length, padding) - self.mean) / (self.num_stds * self.std)

    def output_lengths(self, lengths: KerasTensor | int) -> KerasTensor | int:
        """Maps samples to frames: those whose windows lie within the clip, at least one, at most `target_length`."""
        frames = super().output_lengths(lengths)
        return min(frames, self.target_length) if isinstance(frames, int) else ops.minimum(frames, self.target_length)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return (inputs_shape[0], self.target_length, self.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {
            "target_length": self.target_length,
            "mean": self.mean,
            "std": self.std,
            "num_stds": self.num_stds,
            "pad": self.pad,
        }


def _centered(waveforms: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Takes the mean of each clip off; samples past the lengths are zero."""
    if lengths is None:
        return waveforms - ops.mean(waveforms, axis=1, keepdims=True)
    waveforms = zero_padding(waveforms, lengths)
    count = ops.maximum(ops.cast(lengths, "float32"), 1.0)[:, None]
    return zero_padding(waveforms - ops.sum(waveforms, axis=1, keepdims=True) / count, lengths)
