"""An encoder of clips of one length: sounds, words, captions."""

import keras

from comparators.custom_layers.objective import Objective
from comparators.generators.audio_reader import AudioReader
from comparators.models.clip_embedder import ClipEmbedder
from comparators.models.encoder import Encoder
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.recording_inputs import RecordingInputs


@keras.saving.register_keras_serializable("comparators")
class ClipEncoder(RecordingInputs, Encoder):
    """Encodes recordings as clips of one length: what is longer is cut, what is shorter is filled with zeros.

    For networks that were made for a length, and front ends that look at the clip as a whole (decibels below its
    loudest place). `AudioEncoder` is for networks that take any length.

    Args:
        encoder: front end and trunk, which gives embeddings `(batch, embedding_dim)` or maps
            `{"map": (batch, time, embedding_dim), "lengths": (batch,)}`.
        clip_seconds: of a clip.
        average: whether the embedding of a long recording is the mean over its clips, one after the other; otherwise
            it is that of its first clip.
        padding_counts: whether the zeros after a short recording are part of the clip (as the zero-shot networks have
            it), or the encoder is told the clip's own length.
        objective: layer from embeddings and labels to a loss; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        reader: from files to waveforms; by default one that does not trim.
        name: name of the model.

    Call arguments:
        inputs: `{"waveforms": (batch, samples), "lengths": (batch,)}` or waveforms `(batch, samples)`, of a clip's
            length.
        training: whether augmentation and dropout are active.

    Returns:
        What the encoder gives.

    Raises:
        TypeError: if `encoder` is no `WaveformEncoder`.
        ValueError: if `clip_seconds` is not positive.

    Example:
        >>> import numpy as np
        >>> from comparators.custom_layers import ZeroShotMel
        >>> from comparators.models.encoders import MelCNNTrunk, WaveformEncoder
        >>> model = ClipEncoder(WaveformEncoder(ZeroShotMel(), MelCNNTrunk(channels=(4, 4, 4, 8))), clip_seconds=1.5)
        >>> model.embed([np.ones(8_000, "float32"), np.ones(64_000, "float32")]).shape
        (2, 8)
    """

    def __init__(
        self,
        encoder: WaveformEncoder,
        clip_seconds: float,
        average: bool = True,
        padding_counts: bool = True,
        objective: Objective | None = None,
        similarity: str = "cosine",
        reader: AudioReader | None = None,
        name: str | None = None,
    ):
        super().__init__(encoder, objective=objective, similarity=similarity, name=name)
        if not clip_seconds > 0:
            raise ValueError(f"`clip_seconds` must be positive. Received: clip_seconds={clip_seconds}.")
        self.clip_seconds = float(clip_seconds)
        self.average = average
        self.padding_counts = padding_counts
        self.take_recordings(AudioReader() if reader is None else reader, None, 0.0)
        samples = round(self.clip_seconds * self.reader.sample_rate)
        self.embedder = ClipEmbedder(self.encoder, samples, average, padding_counts)

    def call(self, inputs, training: bool | None = None):
        if self.padding_counts and isinstance(inputs, dict):
            inputs = inputs["waveforms"]
        return super().call(inputs, training=training)

    def maps(self, inputs, batch_size: int = 64) -> dict:
        """Returns the maps of the first clips of recordings.

        Args:
            inputs: as `embed` takes them.
            batch_size: clips encoded at once.

        Returns:
            `{"map": (n, time, embedding_dim) float32, "lengths": (n,) int32}`.
        """
        return self.embedder.maps(list(self._waveforms(inputs)), batch_size)

    def get_config(self) -> dict:
        config = super().get_config()
        del config["windows"], config["minimum_speech_seconds"]
        return config | {
            "clip_seconds": self.clip_seconds,
            "average": self.average,
            "padding_counts": self.padding_counts,
        }

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        parts = super().parts_from_config({**config, "windows": None, "minimum_speech_seconds": 0.0})
        del parts["windows"], parts["minimum_speech_seconds"]
        return parts | {name: config[name] for name in ("clip_seconds", "average", "padding_counts")}
