"""A transformer on tokens, of BERT's form, up to one embedding of a text."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.sequence_mask import sequence_mask
from comparators.custom_layers.token_embedding import TokenEmbedding
from comparators.custom_layers.token_pooling import POOLINGS, pool_tokens, split_tokens, zero_empty
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.bert_weights import bert_block_weights, bert_embedding_weights
from comparators.models.convert import TorchWeight, linear_weights


@keras.saving.register_keras_serializable("comparators")
class TextTransformerTrunk(keras.Model):
    """Turns tokens into an embedding: BERT's layers, pooling over the real tokens, and what may follow.

    The order is that of sentence-transformers: blocks, pooling, a linear layer (with `output_dim`), length one (with
    `normalize`). Tokens after a text's length are never looked at.

    Args:
        vocabulary_size: tokens that are known.
        max_tokens: most tokens of a text.
        embedding_dim: values of a token, and of an embedding without `output_dim`.
        depth: blocks.
        num_heads: heads of the attention.
        hidden_dim: of the blocks' small networks; None takes `4 * embedding_dim`.
        activation: of the small networks, see `TransformerBlock`.
        num_token_types: kinds of tokens, see `TokenEmbedding`.
        position_offset: number of the first place, see `TokenEmbedding`.
        epsilon: of the normalisations.
        dropout: share of the attention's weights and of the blocks' outputs dropped in training.
        pooling: `"mean"` or `"max"` over the tokens, or `"cls"`, the first token.
        output_dim: values of an embedding, by a linear layer after pooling; None for no such layer.
        output_activation: of that layer, None or a name such as `"tanh"`.
        normalize: whether embeddings are divided by their Euclidean norm.
        name: name of the model.

    Call arguments:
        inputs: `{"tokens": int (batch, count), "lengths": int (batch,)}`; or the tokens alone, all real.
        training: whether to drop.

    Returns:
        Embeddings `(batch, output_dim or embedding_dim)`, float32; zeros for a text without tokens.

    Raises:
        ValueError: an argument is out of its range, or a text has more than `max_tokens` tokens.

    Example:
        >>> trunk = TextTransformerTrunk(vocabulary_size=50, max_tokens=12, embedding_dim=8, depth=1, num_heads=2)
        >>> tuple(trunk({"tokens": ops.ones((3, 5), "int32"), "lengths": ops.array([5, 2, 0])}).shape)
        (3, 8)

    Reference:
        Devlin et al. 2019, BERT; Reimers and Gurevych 2019, Sentence-BERT.
    """

    def __init__(
        self,
        vocabulary_size: int,
        max_tokens: int = 128,
        embedding_dim: int = 256,
        depth: int = 4,
        num_heads: int = 4,
        hidden_dim: int | None = None,
        activation: str = "gelu",
        num_token_types: int = 2,
        position_offset: int = 0,
        epsilon: float = 1e-12,
        dropout: float = 0.1,
        pooling: str = "mean",
        output_dim: int | None = None,
        output_activation: str | None = None,
        normalize: bool = True,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if pooling not in POOLINGS:
            raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}. Received: pooling={pooling!r}.")
        if depth < 1 or (output_dim is not None and output_dim < 1):
            raise ValueError(
                "`depth`, and `output_dim` where there is one, must be positive. "
                f"Received: depth={depth}, output_dim={output_dim}."
            )
        self.vocabulary_size, self.max_tokens, self.token_dim = vocabulary_size, max_tokens, embedding_dim
        self.depth, self.num_heads, self.hidden_dim, self.activation = depth, num_heads, hidden_dim, activation
        self.num_token_types, self.position_offset = num_token_types, position_offset
        self.epsilon, self.dropout, self.pooling, self.normalize = epsilon, dropout, pooling, normalize
        self.output_dim, self.output_activation = output_dim, keras.activations.get(output_activation)
        self.embedding = TokenEmbedding(
            vocabulary_size,
            max_tokens,
            embedding_dim,
            num_token_types,
            position_offset,
            epsilon,
            dropout,
            name="embedding",
        )
        self.blocks = [
            TransformerBlock(
                embedding_dim,
                num_heads,
                hidden_dim,
                epsilon=epsilon,
                dropout=dropout,
                attention_dropout=dropout,
                order="post",
                activation=activation,
                name=f"block_{index}",
            )
            for index in range(depth)
        ]
        self.projection = None
        if output_dim is not None:
            self.projection = keras.layers.Dense(output_dim, self.output_activation, dtype="float32", name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes are known."""
        if self.built:
            return
        self.embedding.build()
        for block in self.blocks:
            block.build((None, None, self.token_dim))
        if self.projection is not None:
            self.projection.build((None, self.token_dim))
        self.built = True

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.output_dim or self.token_dim

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        _, lengths = split_tokens(inputs)
        vectors = self.token_vectors(inputs, training, first=1 if self.pooling == "cls" else None)
        embeddings = pool_tokens(vectors, lengths, self.pooling)
        if self.projection is not None:
            embeddings = zero_empty(self.projection(embeddings), lengths)
        return self.normalization(embeddings) if self.normalize else ops.cast(embeddings, "float32")

    def token_vectors(self, inputs, training: bool | None = None, first: int | None = None) -> KerasTensor:
        """Returns the tokens after the last block, `(batch, count, width)`.

        Args:
            inputs: as the network takes them.
            training: whether to drop.
            first: how many of them, the first ones; None for all. The last block then leaves out the others.
        """
        tokens, lengths = split_tokens(inputs)
        mask = None if lengths is None else sequence_mask(lengths, ops.shape(tokens)[1])
        vectors = self.embedding(tokens, training=training)
        for block in self.blocks[:-1]:
            vectors = block(vectors, mask=mask, training=training)
        return self.blocks[-1](vectors, mask=mask, training=training, first=first)

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["tokens"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a `transformers.BertModel` go, and `linear.*` of the dense layer after it."""
        weights = bert_embedding_weights("embeddings", self.embedding)
        for index, block in enumerate(self.blocks):
            weights += bert_block_weights(f"encoder.layer.{index}", block)
        return weights + ([] if self.projection is None else linear_weights("linear", self.projection))

    def get_config(self) -> dict:
        return {
            "vocabulary_size": self.vocabulary_size,
            "max_tokens": self.max_tokens,
            "embedding_dim": self.token_dim,
            "depth": self.depth,
            "num_heads": self.num_heads,
            "hidden_dim": self.hidden_dim,
            "activation": self.activation,
            "num_token_types": self.num_token_types,
            "position_offset": self.position_offset,
            "epsilon": self.epsilon,
            "dropout": self.dropout,
            "pooling": self.pooling,
            "output_dim": self.output_dim,
            "output_activation": keras.activations.serialize(self.output_activation),
            "normalize": self.normalize,
            "name": self.name,
        }
