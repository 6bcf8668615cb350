"""An encoder of recordings: speakers, voices, sounds."""

import os

import keras

from comparators.custom_layers.objective import Objective
from comparators.generators.audio_reader import AudioReader
from comparators.models.encoder import Encoder
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.frame_windows import FrameWindows
from comparators.models.recording_inputs import RecordingInputs, four_second_windows


@keras.saving.register_keras_serializable("comparators")
class AudioEncoder(RecordingInputs, Encoder):
    """Encodes recordings so that those of one label (speaker, word, kind of sound) lie close together.

    Train it on a manifest with `AudioGroups` batches; embed, verify and threshold files of any format and length.

    Args:
        encoder: front end and trunk.
        objective: layer from embeddings and labels to a loss; None to give a loss to `compile`.
        reader: from files to waveforms; by default one that trims silence.
        windows: windows whose embeddings are averaged in recordings longer than one; None embeds any recording whole.
        minimum_speech_seconds: recordings with less speech than this are embedded, but `verify` abstains and they
            are kept out of galleries and never start a cluster.
        name: name of the model.

    Call arguments:
        inputs: `{"waveforms": (batch, samples), "lengths": (batch,)}` or waveforms `(batch, samples)`.
        training: whether augmentation and dropout are active.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Example:
        >>> import numpy as np
        >>> model = AudioEncoder.default(embedding_dim=16, channels=16)
        >>> model.embed([np.ones(16000, "float32"), np.ones(9000, "float32")]).shape
        (2, 16)

    Reference:
        Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP 2018.
    """

    def __init__(
        self,
        encoder: WaveformEncoder,
        objective: Objective | None = None,
        reader: AudioReader | None = None,
        windows: FrameWindows | None = None,
        minimum_speech_seconds: float = 0.2,
        name: str | None = None,
    ):
        super().__init__(encoder, objective=objective, name=name)
        self.take_recordings(reader, windows, minimum_speech_seconds)

    @classmethod
    def default(
        cls,
        embedding_dim: int = 256,
        channels: int = 256,
        num_mels: int = 80,
        sample_rate: int = 16000,
        name: str | None = None,
    ) -> "AudioEncoder":
        """Builds the default parts: log-mels, a convolutional trunk, GE2E.

        Args:
            embedding_dim: values in an embedding.
            channels: width of the convolutional trunk.
            num_mels: mel bands of the front end.
            sample_rate: samples per second of the waveforms.
            name: name of the model.
        """
        from comparators.custom_layers.ge2e import GE2E
        from comparators.custom_layers.log_mel import LogMel
        from comparators.models.encoders.convolutional_trunk import ConvolutionalTrunk

        # Just over the noise of 16 bits: quiet bands tell much about a voice's room and microphone.
        front_end = LogMel(sample_rate=sample_rate, num_mels=num_mels, floor=1e-8)
        trunk = ConvolutionalTrunk(embedding_dim=embedding_dim, channels=channels, num_features=num_mels)
        reader = AudioReader.trimming(sample_rate)
        return cls(
            WaveformEncoder(front_end, trunk), GE2E(), reader=reader, windows=four_second_windows(front_end), name=name
        )

    @classmethod
    def from_resemblyzer(cls, path: str | os.PathLike) -> "AudioEncoder":
        """Reads the published GE2E speaker encoder from the `pretrained.pt` that the Resemblyzer package ships.

        PyTorch is not needed. See `comparators.models.resemblyzer`.
        """
        from comparators.models.resemblyzer import load_resemblyzer

        return load_resemblyzer(path)

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        parts = super().parts_from_config(config)
        del parts["similarity"]  # always the cosine: windows are averaged on the unit sphere
        return parts
