"""An encoder of words and short phrases, from ready word vectors."""

from collections.abc import Sequence

import keras
import numpy as np

from comparators.custom_layers.objective import Objective
from comparators.generators.word_vectors import WordVectors
from comparators.models.encoder import Encoder


@keras.saving.register_keras_serializable("comparators")
class WordEncoder(Encoder):
    """Encodes words by a network on their word vectors.

    Args:
        encoder: model from word vectors `(batch, vector_dim)` to embeddings `(batch, embedding_dim)`, such as a
            `Projection`.
        vectors: the words that are known, see `WordVectors`; they are saved with the model, so give it the subset that
            is of use.
        drop_unknown: whether words of a name that have no vector are left out; at least one must have one. Otherwise
            such names are refused.
        objective: layer from embeddings and labels to a loss; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        name: name of the model.

    Call arguments:
        inputs: word vectors `(batch, vector_dim)`.
        training: handed to the encoder.

    Returns:
        Embeddings `(batch, embedding_dim)`.

    Example:
        >>> import keras
        >>> vectors = WordVectors(["sea", "dog"], np.eye(2, 3))
        >>> model = WordEncoder(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]), vectors)
        >>> model.embed(["dog", "sea dog"]).shape
        (2, 4)
    """

    media = "word"
    """Kind of item: words, not files."""
    item_name = "word"
    """What an item is called."""

    def __init__(
        self,
        encoder: keras.Model,
        vectors: WordVectors,
        drop_unknown: bool = False,
        objective: Objective | None = None,
        similarity: str = "cosine",
        name: str | None = None,
    ):
        super().__init__(encoder, objective=objective, similarity=similarity, name=name)
        self.vectors = vectors
        self.drop_unknown = drop_unknown

    def embed(
        self, inputs: str | Sequence[str] | np.ndarray, role: str | None = None, batch_size: int = 64
    ) -> np.ndarray:
        """Returns the embeddings of words or phrases.

        Args:
            inputs: words, one word, or word vectors `(n, vector_dim)`.
            role: not needed, there is one encoder.
            batch_size: words encoded at once.

        Returns:
            Embeddings `(n, embedding_dim)`, float32.

        Raises:
            ValueError: if a word has no vector; all such words are named.
        """
        words = [inputs] if isinstance(inputs, str) else inputs
        if not (isinstance(words, np.ndarray) and words.dtype.kind == "f"):
            words = self.vectors.matrix(list(words), self.drop_unknown)
        return super().embed(words, role, batch_size)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "vectors": self.vectors.get_config(),
            "drop_unknown": self.drop_unknown,
        }

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        return {
            **super().parts_from_config(config),
            "vectors": WordVectors.from_config(config["vectors"]),
            "drop_unknown": config["drop_unknown"],
        }
