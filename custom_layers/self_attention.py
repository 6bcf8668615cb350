"""Every token looks at every other: multi-head self-attention."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention, with queries, keys and values from one matrix.

    Args:
        embedding_dim: values of a token, a multiple of `num_heads`.
        num_heads: heads.
        qkv_bias: whether queries, keys and values have a bias.
        attention_dropout: share of the attention weights dropped in training.
        dropout: share of the output dropped in training.
        causal: whether a token looks at itself and those before it alone, as in CLIP's text network.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        tokens: `(batch, count, embedding_dim)`.
        mask: bool `(batch, count)`, True for the tokens that may be looked at; None for all.
        training: whether to drop.
        return_attention: whether to return the weights too.
        first: how many tokens look and come out, the first ones; None for all. All are looked at.

    Returns:
        Tokens `(batch, first or count, embedding_dim)`; with `return_attention`, also the weights
        `(batch, num_heads, first or count, count)`, from the row's token to the column's.

    Raises:
        ValueError: `num_heads` does not divide `embedding_dim`, or a share is not in [0, 1).

    Example:
        >>> tokens, weights = SelfAttention(8, 2)(ops.ones((1, 3, 8)), return_attention=True)
        >>> tokens.shape, weights.shape
        (TensorShape([1, 3, 8]), TensorShape([1, 2, 3, 3]))

    Reference:
        Vaswani et al. 2017, Attention is all you need.
    """

    def __init__(
        self,
        embedding_dim: int,
        num_heads: int,
        qkv_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
        causal: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        if num_heads < 1 or embedding_dim < 1 or embedding_dim % num_heads:
            raise ValueError(
                "`embedding_dim` must be a multiple of `num_heads`. "
                f"Received: embedding_dim={embedding_dim}, num_heads={num_heads}."
            )
        self.embedding_dim = int(embedding_dim)
        self.num_heads = int(num_heads)
        self.head_dim = self.embedding_dim // self.num_heads
        self.qkv_bias = bool(qkv_bias)
        self.attention_dropout = float(attention_dropout)
        self.dropout = float(dropout)
        self.causal = bool(causal)
        self.qkv = keras.layers.Dense(3 * self.embedding_dim, use_bias=self.qkv_bias, dtype=self.dtype_policy)
        self.projection = keras.layers.Dense(self.embedding_dim, dtype=self.dtype_policy)
        self.drop_attention = keras.layers.Dropout(self.attention_dropout, dtype=self.dtype_policy)
        self.drop = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)

    def build(self, input_shape: tuple) -> None:
        self.qkv.build(input_shape)
        self.projection.build(input_shape)
        self.built = True

    def call(
        self,
        tokens: KerasTensor,
        mask: KerasTensor | None = None,
        training: bool | None = None,
        return_attention: bool = False,
        first: int | None = None,
    ):
        count = tokens.shape[1] or ops.shape(tokens)[1]
        # TensorFlow joins a product of matrices and what follows it; not so with a batch dimension.
        parts = self.qkv(ops.reshape(tokens, (-1, self.embedding_dim)))
        parts = ops.reshape(parts, (-1, count, 3, self.num_heads, self.head_dim))
        queries, keys, values = ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), 3)
        if first is not None:
            queries, count = queries[:, :, :first], first
        scores = ops.matmul(queries * self.head_dim**-0.5, ops.transpose(keys, (0, 1, 3, 2)))
        if mask is not None:
            # Half precision has no -1e9; a token that may look at nothing looks at all alike.
            scores = ops.where(ops.cast(mask, "bool")[:, None, None, :], scores, -3e4)
        if self.causal:
            places = ops.arange(ops.shape(tokens)[1])
            scores = ops.where(places[:count, None] >= places, scores, -3e4)
        attention = ops.softmax(scores, axis=-1)
        seen = ops.matmul(self.drop_attention(attention, training=training), values)
        seen = ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), (-1, self.embedding_dim))
        outputs = self.drop(self.projection(seen), training=training)
        outputs = ops.reshape(outputs, (-1, count, self.embedding_dim))
        return (outputs, attention) if return_attention else outputs

    def compute_output_shape(self, input_shape: tuple, **_) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {
            "embedding_dim": self.embedding_dim,
            "num_heads": self.num_heads,
            "qkv_bias": self.qkv_bias,
            "attention_dropout": self.attention_dropout,
            "dropout": self.dropout,
            "causal": self.causal,
        }
