"""LSTMs that read a text in both directions, up to one embedding of it."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.token_pooling import POOLINGS, pool_tokens, split_tokens, zero_empty
from comparators.models.encoders.lstm_trunk import last_frames


@keras.saving.register_keras_serializable("comparators")
class BiLSTMTrunk(keras.Model):
    """Turns tokens into an embedding: word vectors, LSTMs in both directions, pooling, a linear layer, length one.

    The padding behind a text changes nothing: the backward LSTM begins at each text's own last token.

    Args:
        vocabulary_size: tokens that are known.
        token_dim: values of a token's vector.
        units: values in the state of each LSTM; a token then has twice as many.
        num_layers: pairs of LSTMs, one on the other.
        embedding_dim: values in the embedding.
        pooling: `"max"` or `"mean"` over the tokens; `"cls"`, the first token; or `"last"`, where each direction ends.
        dropout: share of the tokens' values, of each layer's outputs and of what is pooled dropped in training.
        train_words: whether the tokens' vectors are trained.
        normalize: whether embeddings are divided by their Euclidean norm.
        name: name of the model.

    Call arguments:
        inputs: `{"tokens": int (batch, count), "lengths": int (batch,)}`; or the tokens alone, all real.
        training: whether to drop.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32; zeros for a text without tokens.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> trunk = BiLSTMTrunk(vocabulary_size=50, token_dim=6, units=4, embedding_dim=8)
        >>> tuple(trunk({"tokens": ops.ones((3, 5), "int32"), "lengths": ops.array([5, 2, 0])}).shape)
        (3, 8)

    Reference:
        Conneau et al. 2017, Supervised learning of universal sentence representations from natural language inference
        data (InferSent).
    """

    def __init__(
        self,
        vocabulary_size: int,
        token_dim: int = 100,
        units: int = 128,
        num_layers: int = 1,
        embedding_dim: int = 256,
        pooling: str = "max",
        dropout: float = 0.1,
        train_words: bool = True,
        normalize: bool = True,
        name: str | None = None,
    ):
        super().__init__(name=name)
        sizes = {"vocabulary_size": vocabulary_size, "token_dim": token_dim, "units": units, "num_layers": num_layers}
        for argument, value in (sizes | {"embedding_dim": embedding_dim}).items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        if pooling not in (*POOLINGS, "last"):
            raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}, last. Received: pooling={pooling!r}.")
        self.vocabulary_size, self.token_dim, self.units = int(vocabulary_size), int(token_dim), int(units)
        self.num_layers, self.embedding_dim = int(num_layers), int(embedding_dim)
        self.pooling, self.dropout = pooling, float(dropout)
        self.train_words, self.normalize = bool(train_words), bool(normalize)
        self.forward_layers = [self._lstm(f"forward_{index}") for index in range(self.num_layers)]
        self.backward_layers = [self._lstm(f"backward_{index}") for index in range(self.num_layers)]
        self.drop = keras.layers.Dropout(self.dropout, name="drop")
        self.projection = keras.layers.Dense(self.embedding_dim, dtype="float32", name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")
        self.build()

    def _lstm(self, name: str) -> keras.layers.LSTM:
        return keras.layers.LSTM(self.units, return_sequences=True, name=name)

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes are known."""
        if self.built:
            return
        self.words = self.add_weight(
            shape=(self.vocabulary_size, self.token_dim),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
            trainable=self.train_words,
            name="words",
        )
        width = self.token_dim
        for layers in zip(self.forward_layers, self.backward_layers, strict=True):
            for layer in layers:
                layer.build((None, None, width))
            width = 2 * self.units
        self.projection.build((None, width))
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        tokens, lengths = split_tokens(inputs)
        vectors = self.drop(ops.take(self.words, ops.cast(tokens, "int32"), axis=0), training=training)
        places = _mirrored_places(ops.shape(tokens)[1], lengths)
        for forward, backward in zip(self.forward_layers, self.backward_layers, strict=True):
            ahead, back = forward(vectors), backward(_in_order(vectors, places))
            vectors = self.drop(ops.concatenate([ahead, _in_order(back, places)], axis=-1), training=training)
        pooled = self.drop(self._pool(vectors, lengths), training=training)
        embeddings = zero_empty(self.projection(pooled), lengths)
        return self.normalization(embeddings) if self.normalize else embeddings

    def _pool(self, vectors: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
        if self.pooling != "last":
            return pool_tokens(vectors, lengths, self.pooling)
        ahead = last_frames(vectors[:, :, : self.units], lengths)
        return ops.concatenate([ahead, vectors[:, 0, self.units :]], axis=-1)

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["tokens"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {
            "vocabulary_size": self.vocabulary_size,
            "token_dim": self.token_dim,
            "units": self.units,
            "num_layers": self.num_layers,
            "embedding_dim": self.embedding_dim,
            "pooling": self.pooling,
            "dropout": self.dropout,
            "train_words": self.train_words,
            "normalize": self.normalize,
            "name": self.name,
        }


def _mirrored_places(count: int | KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Returns from which place each place of a reversed text comes, `(batch or 1, count)`; padding stays behind."""
    places = ops.arange(count, dtype="int32")[None]
    if lengths is None:
        return count - 1 - places
    lengths = ops.cast(lengths, "int32")[:, None]
    return ops.where(places < lengths, lengths - 1 - places, places)


def _in_order(vectors: KerasTensor, places: KerasTensor) -> KerasTensor:
    return ops.take_along_axis(vectors, places[:, :, None], axis=1)
