"""A siamese network of recordings: the probability that two of them are of one label."""

import keras

from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.log_mel import LogMel
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.similarity_head import SimilarityHead
from comparators.custom_layers.waveform_frames import WaveformFrames
from comparators.generators.audio_reader import AudioReader
from comparators.models.encoders.convolutional_lstm_trunk import ConvolutionalLSTMTrunk
from comparators.models.encoders.convolutional_trunk import ConvolutionalTrunk
from comparators.models.encoders.raw_waveform_trunk import RawWaveformTrunk
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.frame_windows import FrameWindows
from comparators.models.recording_inputs import RecordingInputs, four_second_windows
from comparators.models.siamese import Siamese


@keras.saving.register_keras_serializable("comparators")
class AudioSiamese(RecordingInputs, Siamese):
    """Tells the probability that two recordings are of one label (speaker, word, kind of sound).

    The named constructors make networks that train on groups, `AudioGroups` batches of P labels x K windows, where
    every pair of a batch is scored: `default`, `convolutional_lstm` and `raw_waveform`. To train the same parts on
    pairs, `Pairs` of `AudioItems`, take the objective out and give the loss to `compile`:

        model = AudioSiamese.default().with_objective(None)
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])

    On the same encodings, groups give many more pairs; see `benchmarks/in_batch_pairs.md`.

    Args:
        encoder: front end and trunk.
        head: scores two embeddings; None takes the objective's, or else `SimilarityHead("cosine")`.
        objective: for training on groups, such as `InBatchPairs(head)`; None to train on pairs.
        reader: from files to waveforms; by default one that trims silence.
        windows: windows whose embeddings are averaged in recordings longer than one; None embeds any recording whole.
        minimum_speech_seconds: recordings with less speech than this are embedded, but `verify` abstains.
        name: name of the model.

    Call arguments:
        inputs: a pair `(a, b)` of batches `{"waveforms": (batch, samples), "lengths": (batch,)}`; or one such batch.
            Waveforms alone, `(batch, samples)`, are all valid.
        training: whether augmentation and dropout are active.

    Returns:
        Of a pair, the probability of "same", `(batch,)`; of one batch, embeddings `(batch, embedding_dim)`; float32.

    Raises:
        TypeError: if `encoder` is no `WaveformEncoder`.
        ValueError: if the objective has another head than the network.

    Example:
        >>> import numpy as np
        >>> model = AudioSiamese.default(embedding_dim=16, channels=16)
        >>> low, high = (np.sin(np.arange(16000, dtype="float32") * step) for step in (0.05, 0.5))
        >>> model.similarity([low, low], [low, high]).shape
        (2,)

    Reference:
        Bromley et al. 1993, Signature verification using a "siamese" time delay neural network.
    """

    def __init__(
        self,
        encoder: WaveformEncoder,
        head: SimilarityHead | None = None,
        objective: Objective | None = None,
        reader: AudioReader | None = None,
        windows: FrameWindows | None = None,
        minimum_speech_seconds: float = 0.2,
        name: str | None = None,
    ):
        super().__init__(encoder, head=head, objective=objective, name=name)
        self.take_recordings(reader, windows, minimum_speech_seconds)

    @classmethod
    def default(
        cls,
        form: str = "cosine",
        embedding_dim: int = 256,
        channels: int = 256,
        num_mels: int = 80,
        sample_rate: int = 16000,
        name: str | None = None,
    ) -> "AudioSiamese":
        """Builds the default parts, as in `AudioEncoder.default`: log-mels and a convolutional trunk.

        Args:
            form: of the similarity head, see `SimilarityHead`.
            embedding_dim: values in an embedding.
            channels: width of the convolutional trunk.
            num_mels: mel bands of the front end.
            sample_rate: samples per second of the waveforms.
            name: name of the model.
        """
        trunk = ConvolutionalTrunk(embedding_dim=embedding_dim, channels=channels, num_features=num_mels)
        return cls._of_parts(_log_mel(sample_rate, num_mels), trunk, form, name)

    @classmethod
    def convolutional_lstm(
        cls,
        form: str = "cosine",
        embedding_dim: int = 256,
        units: int = 256,
        num_mels: int = 80,
        sample_rate: int = 16000,
        name: str | None = None,
    ) -> "AudioSiamese":
        """Builds an encoder of log-mels, strided convolutions and an LSTM on top of them.

        Args:
            form: of the similarity head, see `SimilarityHead`.
            embedding_dim: values in an embedding.
            units: values in the state of the LSTM.
            num_mels: mel bands of the front end.
            sample_rate: samples per second of the waveforms.
            name: name of the model.
        """
        trunk = ConvolutionalLSTMTrunk(units=units, embedding_dim=embedding_dim)
        return cls._of_parts(_log_mel(sample_rate, num_mels), trunk, form, name)

    @classmethod
    def raw_waveform(
        cls,
        form: str = "cosine",
        embedding_dim: int = 256,
        sample_rate: int = 16000,
        name: str | None = None,
    ) -> "AudioSiamese":
        """Builds an encoder that convolves the waveform itself, without a spectrogram.

        It has to learn its filters too, and so wants more recordings than the others.

        Args:
            form: of the similarity head, see `SimilarityHead`.
            embedding_dim: values in an embedding.
            sample_rate: samples per second of the waveforms.
            name: name of the model.
        """
        front_end = WaveformFrames(sample_rate=sample_rate)
        return cls._of_parts(front_end, RawWaveformTrunk(embedding_dim=embedding_dim), form, name)

    @classmethod
    def _of_parts(cls, front_end: keras.layers.Layer, trunk: keras.Model, form: str, name: str | None):
        return cls(
            WaveformEncoder(front_end, trunk),
            objective=InBatchPairs(SimilarityHead(form)),
            reader=AudioReader.trimming(front_end.sample_rate),
            windows=four_second_windows(front_end),
            name=name,
        )


def _log_mel(sample_rate: int, num_mels: int) -> LogMel:
    # Just over the noise of 16 bits: quiet bands tell much about a voice's room and microphone.
    return LogMel(sample_rate=sample_rate, num_mels=num_mels, floor=1e-8)
