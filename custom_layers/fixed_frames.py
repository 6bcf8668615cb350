"""Spectrograms of one length, for transformers on a fixed grid."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import fixed_length
from comparators.custom_layers.utterance_normalization import UtteranceNormalization


@keras.saving.register_keras_serializable("comparators")
class FixedFrames(keras.layers.Layer):
    """Gives any front end a fixed number of frames, each feature relative to its mean over the recording.

    `AST` and `CAVMAE` take spectrograms of one length. `NormalizedFbank` makes those of the published networks; around
    another front end, such as `LogMel`, this layer does. The mean of the real frames is the channel's and the voice's
    colouring: without it, networks that have heard few speakers know others better.

    Args:
        front_end: layer from waveforms `(batch, samples)` to features `(batch, frames, bands)`, with
            `output_lengths(lengths)`, such as `LogMel`.
        num_frames: of every output; frames are cut at the end, or added as zeros, which is the mean.
        scale: that the features are divided by; their standard deviation, or about that.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        inputs: waveforms `(batch, samples)` in [-1, 1].
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.

    Returns:
        float32 `(batch, num_frames, bands)`.

    Raises:
        ValueError: `num_frames` or `scale` is not positive.

    Example:
        >>> from comparators.custom_layers import LogMel
        >>> layer = FixedFrames(LogMel(num_mels=40), num_frames=64)
        >>> tuple(layer(ops.zeros((2, 8_000))).shape), int(layer.output_lengths(8_000))
        ((2, 64, 40), 51)
    """

    def __init__(self, front_end: keras.layers.Layer, num_frames: int, scale: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        for name, value in {"num_frames": num_frames, "scale": scale}.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        self.front_end = front_end
        self.num_frames = int(num_frames)
        self.scale = float(scale)
        self.normalization = UtteranceNormalization(dtype="float32")

    def build(self, input_shape: tuple) -> None:
        self.normalization.build((None, None, self.front_end.num_mels))
        self.built = True

    def call(self, inputs: KerasTensor, lengths: KerasTensor | None = None) -> KerasTensor:
        features = self.front_end(inputs, lengths)
        frames = None if lengths is None else self.front_end.output_lengths(lengths)
        return fixed_length(self.normalization(features, lengths=frames) / self.scale, self.num_frames)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Returns how many of the frames are real: numbers of frames from numbers of samples."""
        return ops.minimum(self.front_end.output_lengths(lengths), self.num_frames)

    @property
    def sample_rate(self) -> int:
        """Of the waveforms, in Hz."""
        return self.front_end.sample_rate

    def compute_output_shape(self, input_shape: tuple, *_) -> tuple:
        return (input_shape[0], self.num_frames, self.front_end.num_mels)

    def get_config(self) -> dict:
        return super().get_config() | {
            "front_end": keras.saving.serialize_keras_object(self.front_end),
            "num_frames": self.num_frames,
            "scale": self.scale,
        }

    @classmethod
    def from_config(cls, config: dict) -> "FixedFrames":
        return cls(**config | {"front_end": keras.saving.deserialize_keras_object(config["front_end"])})
