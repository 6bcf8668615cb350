"""The mean of word vectors: the plainest embedding of a text."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.token_pooling import pool_tokens, split_tokens


@keras.saving.register_keras_serializable("comparators")
class WordAverageTrunk(keras.Model):
    """Averages the vectors of a text's words.

    With ready vectors it needs no training, and is what other encoders of texts have to beat.

    Args:
        vocabulary_size: words (tokens) that are known.
        embedding_dim: values of a word, and of an embedding.
        train_words: whether the vectors are trained.
        weighted: whether each word has a weight that is trained, 1 at the start: few numbers, which a few thousand
            pairs of texts are enough for.
        name: name of the model.

    Call arguments:
        inputs: `{"tokens": int (batch, count), "lengths": int (batch,)}`; or the tokens alone, all real.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32, not normalised; zeros for a text without words.

    Raises:
        ValueError: a size is not positive.

    Example:
        >>> trunk = WordAverageTrunk(vocabulary_size=3, embedding_dim=2)
        >>> _ = trunk.words.assign([[9, 9], [1, 0], [0, 1]])
        >>> ops.convert_to_numpy(trunk({"tokens": ops.array([[1, 2, 0]]), "lengths": ops.array([2])}))
        array([[0.5, 0.5]], dtype=float32)

    Reference:
        Wieting et al. 2016, Towards universal paraphrastic sentence embeddings; Arora et al. 2017, A simple but
        tough-to-beat baseline for sentence embeddings (the weights, from frequencies there).
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int = 300,
        train_words: bool = False,
        weighted: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        for argument, value in {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim}.items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        self.vocabulary_size, self.embedding_dim = int(vocabulary_size), int(embedding_dim)
        self.train_words, self.weighted = bool(train_words), bool(weighted)
        self.build()

    def build(self, input_shape=None) -> None:
        if self.built:
            return
        self.words = self.add_weight(
            shape=(self.vocabulary_size, self.embedding_dim),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
            trainable=self.train_words,
            name="words",
        )
        self.weights_of_words = None
        if self.weighted:
            self.weights_of_words = self.add_weight(
                shape=(self.vocabulary_size, 1), initializer="ones", name="weights_of_words"
            )
        self.built = True

    def call(self, inputs) -> KerasTensor:
        tokens, lengths = split_tokens(inputs)
        tokens = ops.cast(tokens, "int32")
        words = ops.take(self.words, tokens, axis=0)
        if self.weights_of_words is not None:
            words = words * ops.take(self.weights_of_words, tokens, axis=0)
        return ops.cast(pool_tokens(words, lengths), "float32")

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["tokens"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "train_words": self.train_words,
            "weighted": self.weighted,
            "name": self.name,
        }
