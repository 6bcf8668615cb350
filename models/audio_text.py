"""Sounds and the texts that describe them."""

from collections.abc import Sequence

import keras

from comparators.custom_layers.objective import Objective
from comparators.custom_layers.symmetric_info_nce import SymmetricInfoNCE
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.models.clip_parts import small_text_encoder
from comparators.models.dual_encoder import DualEncoder
from comparators.models.word_audio import clip_encoder
from comparators.models.zero_shot_classifier import ZeroShotClassifier

DEFAULT_TEMPLATES = ("this is a sound of {}.",)


@keras.saving.register_keras_serializable("comparators")
class AudioText(DualEncoder):
    """Learns which text describes a sound: CLAP's form.

    Roles: `"audio"`, a `ClipEncoder` or an `AudioEncoder`, and `"text"`, a `TextEncoder`. Train it on
    `Matches({"audio": AudioItems(table, clip_seconds), "text": TextItems(table.text, tokenizer)}, ...)`. Then
    `zero_shot_classifier(labels)`, `search` and `similarity_matrix(recordings, texts)`.

    The arguments are those of `DualEncoder`; `default` builds the parts.

    Example:
        >>> import numpy as np
        >>> tokenizer = TextTokenizer.of_words(["a", "dog", "barks", "rain", "falls"])
        >>> model = AudioText.default(tokenizer, embedding_dim=8, channels=(4, 4, 4, 8))
        >>> model.similarity_matrix([np.ones(16_000, "float32")], ["a dog barks", "rain falls"]).shape
        (1, 2)

    Reference:
        Elizalde et al. 2023, CLAP: learning audio concepts from natural language supervision.
    """

    @classmethod
    def default(
        cls,
        tokenizer: TextTokenizer,
        embedding_dim: int = 128,
        clip_seconds: float = 5.0,
        channels: Sequence[int] = (64, 128, 128, 128),
        width: int = 64,
        depth: int = 2,
        num_heads: int = 4,
        dropout: float = 0.0,
        objective: Objective | None = None,
        name: str | None = None,
    ) -> "AudioText":
        """Builds a network that trains from scratch on a CPU: convolutions on log-mels, and a small transformer.

        Args:
            tokenizer: of the texts; it is saved with the model.
            embedding_dim: values in an embedding.
            clip_seconds: of a clip; what is longer is cut, and in use averaged over its clips.
            channels: of the convolutions over sound.
            width: values of a token of a text.
            depth: blocks of the text's transformer.
            num_heads: of its attention.
            dropout: share of the blocks' outputs dropped in training.
            objective: None takes `SymmetricInfoNCE()`.
            name: name of the model.
        """
        encoders = {
            "audio": clip_encoder("linear", embedding_dim, clip_seconds, tuple(channels)),
            "text": small_text_encoder(tokenizer, embedding_dim, width, depth, num_heads, dropout),
        }
        return cls(encoders, SymmetricInfoNCE() if objective is None else objective, name=name)

    def zero_shot_classifier(
        self, labels: Sequence[str], templates: Sequence[str] = DEFAULT_TEMPLATES, scale: float | None = None
    ) -> ZeroShotClassifier:
        """Makes a classifier of recordings from the names of classes; see `ZeroShotClassifier` for the arguments."""
        return ZeroShotClassifier(self, labels, templates, scale)
