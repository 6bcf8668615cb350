"""Self-attention and a small network, each after a normalisation that can be chosen."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.self_attention import SelfAttention


def _exact_gelu(values: KerasTensor) -> KerasTensor:
    """On TensorFlow, Keras's own takes half as long again."""
    return 0.5 * values * (1 + ops.erf(values * 0.5**0.5))


ACTIVATIONS = {
    "gelu": _exact_gelu,
    "quick_gelu": lambda values: values * ops.sigmoid(1.702 * values),
    "tanh_gelu": lambda values: ops.gelu(values, approximate=True),
    "relu": ops.relu,
}


@keras.saving.register_keras_serializable("comparators")
class TransformerBlock(keras.layers.Layer):
    """A transformer block whose normalisations can be several, chosen at each call.

    Pre-norm, as vision transformers and CLIP have it: `tokens + attention(norm1(tokens))`, then
    `tokens + mlp(norm2(tokens))`. Post-norm, as BERT has it: `norm1(tokens + attention(tokens))`, then
    `norm2(tokens + mlp(tokens))`. A block that two modalities share has a pair of normalisations for each of them and
    one for both together.

    Args:
        embedding_dim: values of a token.
        num_heads: heads of the attention.
        hidden_dim: of the small network; None takes `4 * embedding_dim`.
        qkv_bias: whether queries, keys and values have a bias.
        epsilon: of the normalisations.
        dropout: share of the outputs of attention and of both layers of the small network dropped in training.
        attention_dropout: share of the attention weights dropped in training.
        norms: names of the pairs of normalisations; a call takes the first unless it names one.
        idle_norms: names of pairs that no call takes: published checkpoints hold them, and they are kept for these
            alone, out of training.
        order: `"pre"` or `"post"`.
        activation: of the small network: `"gelu"`, the exact form; `"quick_gelu"`, OpenAI's `x * sigmoid(1.702 x)`;
            `"tanh_gelu"`, the approximation; or `"relu"`.
        causal: whether a token looks at itself and those before it alone.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        tokens: `(batch, count, embedding_dim)`.
        norm: which of `norms`; None takes the first.
        mask: bool `(batch, count)`, True for the tokens that may be looked at; None for all.
        training: whether to drop.
        return_attention: whether to return the attention's weights too.
        first: how many tokens come out, the first ones, where no others are needed; None for all. All are looked at.

    Returns:
        Tokens `(batch, first or count, embedding_dim)`; with `return_attention`, also
        `(batch, num_heads, first or count, count)`.

    Raises:
        ValueError: a number is out of its range, or there is no such norm.

    Example:
        >>> block = TransformerBlock(8, 2, norms=("joint", "audio", "visual"))
        >>> block(ops.ones((1, 3, 8)), norm="audio").shape
        TensorShape([1, 3, 8])

    Reference:
        Dosovitskiy et al. 2021, An image is worth 16x16 words; Gong et al. 2023, Contrastive audio-visual masked
        autoencoder (the several normalisations).
    """

    def __init__(
        self,
        embedding_dim: int,
        num_heads: int,
        hidden_dim: int | None = None,
        qkv_bias: bool = True,
        epsilon: float = 1e-5,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        norms: Sequence[str] = ("norm",),
        idle_norms: Sequence[str] = (),
        order: str = "pre",
        activation: str = "gelu",
        causal: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        if not norms or len({*norms, *idle_norms}) < len(norms) + len(idle_norms):
            raise ValueError(
                "`norms` and `idle_norms` must be different names, at least one in use. "
                f"Received: norms={list(norms)}, idle_norms={list(idle_norms)}."
            )
        for argument, value, known in (("order", order, ("pre", "post")), ("activation", activation, ACTIVATIONS)):
            if value not in known:
                raise ValueError(f"`{argument}` must be one of {', '.join(known)}. Received: {argument}={value!r}.")
        self.order, self.activation = order, activation
        self.embedding_dim = int(embedding_dim)
        self.num_heads = int(num_heads)
        self.hidden_dim = 4 * self.embedding_dim if hidden_dim is None else int(hidden_dim)
        self.qkv_bias = bool(qkv_bias)
        self.epsilon = float(epsilon)
        self.dropout = float(dropout)
        self.attention_dropout = float(attention_dropout)
        self.norms, self.idle_norms = tuple(norms), tuple(idle_norms)
        self.attention = SelfAttention(
            embedding_dim,
            num_heads,
            self.qkv_bias,
            self.attention_dropout,
            self.dropout,
            causal,
            dtype=self.dtype_policy,
        )
        self.norm1 = {name: self._normalization(name) for name in (*self.norms, *self.idle_norms)}
        self.norm2 = {name: self._normalization(name) for name in (*self.norms, *self.idle_norms)}
        self.dense1 = keras.layers.Dense(self.hidden_dim, dtype=self.dtype_policy)
        self.dense2 = keras.layers.Dense(self.embedding_dim, dtype=self.dtype_policy)
        self.drop = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)

    def _normalization(self, name: str) -> keras.layers.LayerNormalization:
        return keras.layers.LayerNormalization(
            epsilon=self.epsilon, trainable=name not in self.idle_norms, dtype=self.dtype_policy
        )

    def build(self, input_shape: tuple) -> None:
        self.attention.build(input_shape)
        for norm in (*self.norm1.values(), *self.norm2.values()):
            norm.build(input_shape)
        self.dense1.build(input_shape)
        self.dense2.build((*input_shape[:-1], self.hidden_dim))
        self.built = True

    @keras.layers.Layer.trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value)
        # They get no gradient, also where a whole model is set to be trained.
        for name in self.idle_norms:
            self.norm1[name].trainable = self.norm2[name].trainable = False

    def call(
        self,
        tokens: KerasTensor,
        norm: str | None = None,
        mask: KerasTensor | None = None,
        training: bool | None = None,
        return_attention: bool = False,
        first: int | None = None,
    ):
        norm = self.norms[0] if norm is None else norm
        if norm not in self.norms:
            raise ValueError(f"`norm` must be one of {list(self.norms)}. Received: norm={norm!r}.")
        norms, none = (self.norm1[norm], self.norm2[norm]), (_as_it_is, _as_it_is)
        before, after = (norms, none) if self.order == "pre" else (none, norms)
        seen, attention = self.attention(
            before[0](tokens), mask=mask, training=training, return_attention=True, first=first
        )
        tokens = after[0]((tokens if first is None else tokens[:, :first]) + seen)
        # TensorFlow joins a product of matrices and what follows it; not so with a batch dimension.
        hidden = ACTIVATIONS[self.activation](self.dense1(ops.reshape(before[1](tokens), (-1, self.embedding_dim))))
        hidden = self.drop(self.dense2(self.drop(hidden, training=training)), training=training)
        hidden = ops.reshape(hidden, (-1, tokens.shape[1] or ops.shape(tokens)[1], self.embedding_dim))
        tokens = after[1](tokens + hidden)
        return (tokens, attention) if return_attention else tokens

    def compute_output_shape(self, input_shape: tuple, **_) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {
            "embedding_dim": self.embedding_dim,
            "num_heads": self.num_heads,
            "hidden_dim": self.hidden_dim,
            "qkv_bias": self.qkv_bias,
            "epsilon": self.epsilon,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "norms": self.norms,
            "idle_norms": self.idle_norms,
            "order": self.order,
            "activation": self.activation,
            "causal": self.attention.causal,
        }


def _as_it_is(tokens: KerasTensor) -> KerasTensor:
    return tokens
