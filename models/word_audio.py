"""Sounds and words: sounds of classes that no recording was learnt of are known by the word for them."""

import keras

from comparators.custom_layers.match_triplet import MatchTriplet
from comparators.custom_layers.projection import Projection
from comparators.custom_layers.zero_shot_mel import ZeroShotMel
from comparators.generators.word_vectors import WordVectors
from comparators.models.clip_encoder import ClipEncoder
from comparators.models.convert import TorchWeight, linear_weights, prefixed
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoders.mel_cnn_trunk import MelCNNTrunk
from comparators.models.encoders.projected_trunk import ProjectedTrunk
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.word_encoder import WordEncoder

_FORMS = {
    "linear": {"normalize": True},
    "sigmoid": {"post_activation": "sigmoid"},
    "double_sigmoid": {"pre_activation": "sigmoid", "post_activation": "sigmoid"},
}


@keras.saving.register_keras_serializable("comparators")
class WordAudio(DualEncoder):
    """Learns which sound goes with which word, from recordings of some classes; words of other classes work too.

    Roles: `"audio"`, a `ClipEncoder` of recordings, and `"word"`, a `WordEncoder` of word vectors. Train it on
    `Matches({"audio": AudioItems(table, 3.0), "word": ArrayItems(vectors.matrix(table.label))}, labels={"audio":
    table.label}, ...)`. Then `similarity_matrix(recordings, words)` and `search`.

    The arguments are those of `DualEncoder`; `default` builds the parts.

    Example:
        >>> import numpy as np
        >>> vectors = WordVectors(["rain", "dog", "sea"], np.eye(3))
        >>> model = WordAudio.default(vectors, embedding_dim=8, channels=(4, 4, 4, 8))
        >>> model.similarity_matrix([np.ones(16_000, "float32")], ["rain", "dog", "sea"]).shape
        (1, 3)

    Reference:
        Choi et al. 2019, Zero-shot learning for audio-based music classification and tagging.
    """

    @classmethod
    def default(
        cls,
        vectors: WordVectors,
        form: str = "linear",
        embedding_dim: int = 128,
        margin: float = 0.5,
        clip_seconds: float = 3.0,
        channels: tuple[int, ...] = (64, 128, 128, 128),
        drop_unknown: bool = False,
        seed: int | None = None,
        name: str | None = None,
    ) -> "WordAudio":
        """Builds the network of the zero-shot tutorial: `MelCNNTrunk`, two projections, the triplet margin of cosines.

        Args:
            vectors: of all words to be used, seen and unseen: `WordVectors.read(path).subset(words)`.
            form: `"linear"`, projections of length one; `"sigmoid"`, as the tutorial prints it, whose cosines cannot be
                negative; `"double_sigmoid"`, with another before each projection, as it prints its network of images.
            embedding_dim: values in an embedding.
            margin: of the triplets.
            clip_seconds: of a clip.
            channels: of the convolutions.
            drop_unknown: whether words of a name without a vector are left out, see `WordEncoder`.
            seed: of the drawing of impostors.
            name: name of the model.

        Raises:
            ValueError: if `form` is unknown.
        """
        audio = clip_encoder(form, embedding_dim, clip_seconds, channels)
        word = keras.Sequential([keras.Input((vectors.dim,)), projection(form, embedding_dim)])
        objective = MatchTriplet(margin=margin, seed=seed)
        return cls({"audio": audio, "word": WordEncoder(word, vectors, drop_unknown)}, objective, name=name)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a state dict of the tutorial's network go."""
        trunk = self.encoder_of("audio").encoder.trunk
        word = self.encoder_of("word").encoder.layers[-1]
        return [
            *prefixed("audio_model.", trunk.trunk.torch_weights()),
            *linear_weights("audio_projection", trunk.projection.dense),
            *linear_weights("word_projection", word.dense),
        ]


def clip_encoder(form: str, embedding_dim: int, clip_seconds: float, channels: tuple[int, ...]) -> ClipEncoder:
    """Makes the encoder of sounds of the zero-shot networks."""
    trunk = ProjectedTrunk(MelCNNTrunk(channels), projection(form, embedding_dim))
    return ClipEncoder(WaveformEncoder(ZeroShotMel(), trunk), clip_seconds)


def projection(form: str, embedding_dim: int) -> Projection:
    """Makes the projection of a role."""
    if form not in _FORMS:
        raise ValueError(f"`form` must be one of {', '.join(_FORMS)}. Received: form={form!r}.")
    return Projection(embedding_dim, **_FORMS[form])
