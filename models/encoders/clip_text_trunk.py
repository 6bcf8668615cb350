"""CLIP's text transformer: tokens to embeddings that pictures are compared with."""

from collections.abc import Mapping

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import TorchWeight, layer_norm_weights
from comparators.models.encoders.clip_image_trunk import bias_free_projection, heads_of
from comparators.models.encoders.davenet_audio_trunk import check_sizes
from comparators.models.transformer_weights import clip_block_weights, plain_weight


@keras.saving.register_keras_serializable("comparators")
class ClipTextTrunk(keras.Model):
    """Turns texts into embeddings: words, learned positions, transformer blocks that look back only.

    The embedding is that of the last token, which alone has seen the whole text, normalised and projected. Padding
    comes after it and changes nothing.

    Args:
        vocabulary_size: tokens that are known.
        max_tokens: the most of a text, with its special tokens; 77 in OpenAI's networks.
        width: values of a token.
        depth: blocks.
        num_heads: heads of the attention; None takes one for each 64 values of a token, as OpenAI does.
        embedding_dim: values of an embedding.
        activation: `"quick_gelu"`, OpenAI's, or `"gelu"`, open_clip's; see `TransformerBlock`.
        end_token: id of the token whose place is taken, the first of them; a text without one is refused by no one, and
            its last token taken. None: the last token, as the lengths say.
        hidden_dim: of the blocks' small networks; None takes `4 * width`.
        dropout: share of the blocks' outputs dropped in training.
        name: name of the model.

    Call arguments:
        inputs: `{"tokens": int (batch, count), "lengths": int (batch,)}`; with `end_token`, also the tokens alone.
        training: whether to drop.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32, not normalised.

    Raises:
        ValueError: an argument is out of its range, texts are longer than `max_tokens`, or there are no lengths and
            no `end_token`.

    Example:
        >>> trunk = ClipTextTrunk(vocabulary_size=100, max_tokens=8, width=8, depth=1, num_heads=2, embedding_dim=4)
        >>> tuple(trunk({"tokens": ops.ones((3, 5), "int32"), "lengths": ops.array([5, 2, 1])}).shape)
        (3, 4)

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(
        self,
        vocabulary_size: int = 49408,
        max_tokens: int = 77,
        width: int = 512,
        depth: int = 12,
        num_heads: int | None = None,
        embedding_dim: int = 512,
        activation: str = "quick_gelu",
        end_token: int | None = None,
        hidden_dim: int | None = None,
        dropout: float = 0.0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        num_heads = heads_of(width) if num_heads is None else num_heads
        check_sizes(
            {
                "vocabulary_size": vocabulary_size,
                "max_tokens": max_tokens,
                "width": width,
                "depth": depth,
                "embedding_dim": embedding_dim,
            }
        )
        if end_token is not None and not 0 <= end_token < vocabulary_size:
            raise ValueError(f"`end_token` must be below {vocabulary_size}. Received: end_token={end_token}.")
        self.vocabulary_size, self.max_tokens, self.end_token = vocabulary_size, max_tokens, end_token
        self.width, self.depth, self.num_heads, self.embedding_dim = width, depth, num_heads, embedding_dim
        self.activation, self.hidden_dim, self.dropout = activation, hidden_dim, dropout
        start = keras.initializers.RandomNormal(stddev=0.02)
        self.words = keras.layers.Embedding(vocabulary_size, width, embeddings_initializer=start, name="words")
        self.blocks = [
            TransformerBlock(
                width,
                num_heads,
                hidden_dim,
                dropout=dropout,
                activation=activation,
                causal=True,
                name=f"block_{index}",
            )
            for index in range(depth)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.projection = bias_free_projection(embedding_dim, width)
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes are known."""
        if self.built:
            return
        start = keras.initializers.RandomNormal(stddev=0.01)
        self.positions = self.add_weight(shape=(self.max_tokens, self.width), initializer=start, name="positions")
        self.words.build((None, None))
        for block in self.blocks:
            block.build((None, None, self.width))
        for layer in (self.norm, self.projection):
            layer.build((None, self.width))
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        tokens, lengths = self._split(inputs)
        places = self._last_places(tokens, lengths)
        texts = self.words(tokens)
        texts = texts + ops.cast(self.positions, texts.dtype)[: ops.shape(tokens)[1]]
        for block in self.blocks:
            texts = block(texts, training=training)
        last = ops.take_along_axis(texts, places[:, None, None], axis=1)[:, 0]
        return self.projection(self.norm(last))

    def _split(self, inputs) -> tuple[KerasTensor, KerasTensor | None]:
        lengths = None
        if isinstance(inputs, Mapping):
            inputs, lengths = inputs["tokens"], inputs.get("lengths")
        if lengths is None and self.end_token is None:
            raise ValueError(
                'Texts must be `{"tokens", "lengths"}`, as `TextTokenizer.encode` returns them. Received: no lengths. '
                "Give them, or make the trunk with `end_token`."
            )
        if inputs.shape[1] is not None and inputs.shape[1] > self.max_tokens:
            raise ValueError(
                f"Texts must have at most {self.max_tokens} tokens. Received: {inputs.shape[1]}. Make the tokenizer "
                f"with max_tokens={self.max_tokens}, which cuts longer ones."
            )
        return ops.cast(inputs, "int32"), None if lengths is None else ops.cast(lengths, "int32")

    def _last_places(self, tokens: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
        """Returns which token is taken of each text, int `(batch,)`."""
        count = ops.shape(tokens)[1]
        last = count - 1 if lengths is None else ops.maximum(lengths - 1, 0)
        if self.end_token is None:
            return last
        ends = tokens == self.end_token
        first = ops.cast(ops.argmax(ops.cast(ends, "int32"), axis=1), "int32")
        return ops.where(ops.any(ends, axis=1), first, last)

    def compute_output_shape(self, input_shape) -> tuple:
        tokens = input_shape["tokens"] if isinstance(input_shape, Mapping) else input_shape
        return (tokens[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a CLIP's state dict go, but those that begin with `visual.`, and its scale."""
        return [
            plain_weight("token_embedding.weight", self.words.embeddings),
            plain_weight("positional_embedding", self.positions),
            *(
                weight
                for index, block in enumerate(self.blocks)
                for weight in clip_block_weights(f"transformer.resblocks.{index}", block)
            ),
            *layer_norm_weights("ln_final", self.norm),
            plain_weight("text_projection", self.projection.kernel),
        ]

    def get_config(self) -> dict:
        return {
            "vocabulary_size": self.vocabulary_size,
            "max_tokens": self.max_tokens,
            "width": self.width,
            "depth": self.depth,
            "num_heads": self.num_heads,
            "embedding_dim": self.embedding_dim,
            "activation": self.activation,
            "end_token": self.end_token,
            "hidden_dim": self.hidden_dim,
            "dropout": self.dropout,
            "name": self.name,
        }
