"""From numbers of tokens to vectors that know their place: BERT's first layer."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class TokenEmbedding(keras.layers.Layer):
    """Adds a vector of the token, one of its place and one of its kind, and normalises the sum.

    The kinds are BERT's two sentences of a pair; here all tokens are of the first kind, so that only the first of
    their vectors is used. Published checkpoints hold all.

    Args:
        vocabulary_size: tokens that are known.
        max_tokens: places.
        embedding_dim: values of a token.
        num_token_types: kinds; 0 for none, as in DistilBERT.
        position_offset: number of the first place: RoBERTa counts from 2, and keeps vectors for the two before.
        epsilon: of the normalisation.
        dropout: share of the outputs dropped in training.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        tokens: int `(batch, count)`, below `vocabulary_size`; `count` is at most `max_tokens`.
        training: whether to drop.

    Returns:
        `(batch, count, embedding_dim)`.

    Raises:
        ValueError: a size is not positive, or there are more tokens than places.

    Example:
        >>> TokenEmbedding(vocabulary_size=10, max_tokens=6, embedding_dim=4)(ops.array([[2, 7, 3]])).shape
        TensorShape([1, 3, 4])

    Reference:
        Devlin et al. 2019, BERT: pre-training of deep bidirectional transformers for language understanding.
    """

    def __init__(
        self,
        vocabulary_size: int,
        max_tokens: int,
        embedding_dim: int,
        num_token_types: int = 2,
        position_offset: int = 0,
        epsilon: float = 1e-12,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        sizes = {"vocabulary_size": vocabulary_size, "max_tokens": max_tokens, "embedding_dim": embedding_dim}
        for argument, value in sizes.items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        for argument, value in {"num_token_types": num_token_types, "position_offset": position_offset}.items():
            if value < 0:
                raise ValueError(f"`{argument}` must not be negative. Received: {argument}={value}.")
        self.vocabulary_size, self.max_tokens = int(vocabulary_size), int(max_tokens)
        self.embedding_dim, self.num_token_types = int(embedding_dim), int(num_token_types)
        self.position_offset, self.epsilon, self.dropout = int(position_offset), float(epsilon), float(dropout)
        self.norm = keras.layers.LayerNormalization(epsilon=self.epsilon, dtype=self.dtype_policy, name="norm")
        self.drop = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy, name="drop")

    def build(self, input_shape=None) -> None:
        self.words = self._table(self.vocabulary_size, "words")
        self.positions = self._table(self.max_tokens + self.position_offset, "positions")
        self.types = self._table(self.num_token_types, "types") if self.num_token_types else None
        self.norm.build((None, None, self.embedding_dim))
        self.built = True

    def _table(self, count: int, name: str) -> keras.Variable:
        # BERT's start.
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        return self.add_weight(shape=(count, self.embedding_dim), initializer=start, name=name)

    def call(self, tokens: KerasTensor, training: bool | None = None) -> KerasTensor:
        count = tokens.shape[1]
        if count is not None and count > self.max_tokens:
            raise ValueError(
                f"There must be at most {self.max_tokens} tokens. Received: {count}. Cut the texts: the tokenizer's "
                f"`max_tokens` must not be more than {self.max_tokens}."
            )
        count = ops.shape(tokens)[1] if count is None else count
        first = self.position_offset
        vectors = ops.take(self.words, ops.cast(tokens, "int32"), axis=0) + self.positions[first : first + count]
        if self.types is not None:
            vectors = vectors + self.types[0]
        return self.drop(self.norm(ops.cast(vectors, self.compute_dtype)), training=training)

    def compute_output_shape(self, input_shape: tuple, **_) -> tuple:
        return (*input_shape, self.embedding_dim)

    def get_config(self) -> dict:
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size,
            "max_tokens": self.max_tokens,
            "embedding_dim": self.embedding_dim,
            "num_token_types": self.num_token_types,
            "position_offset": self.position_offset,
            "epsilon": self.epsilon,
            "dropout": self.dropout,
        }
