"""CLIP's vision transformer: pictures to embeddings that texts are compared with."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.patch_embedding import PatchEmbedding
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import TorchWeight, layer_norm_weights
from comparators.models.encoders.davenet_audio_trunk import check_sizes
from comparators.models.transformer_weights import clip_block_weights, patch_embedding_weights, plain_weight


@keras.saving.register_keras_serializable("comparators")
class ClipImageTrunk(keras.Model):
    """Turns pictures of one size into embeddings: patches, a class token, learned positions, transformer blocks.

    The embedding is the class token after the last block, normalised and projected; the last block computes nothing
    else. Weights of OpenAI's and open_clip's networks come in by `CLIP.from_checkpoint`.

    Args:
        size: `(height, width)` of the pictures, multiples of `patch_size`.
        channels: of the pictures, 1 or 3.
        patch_size: height and width of a patch.
        width: values of a token.
        depth: blocks.
        num_heads: heads of the attention; None takes one for each 64 values of a token, as OpenAI does.
        embedding_dim: values of an embedding.
        activation: `"quick_gelu"`, OpenAI's, or `"gelu"`, open_clip's; see `TransformerBlock`.
        hidden_dim: of the blocks' small networks; None takes `4 * width`.
        dropout: share of the blocks' outputs dropped in training.
        name: name of the model.

    Call arguments:
        inputs: normalised pictures `(batch, height, width, channels)`.
        training: whether to drop.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32, not normalised.

    Raises:
        ValueError: an argument is out of its range, or pictures are of another size.

    Example:
        >>> trunk = ClipImageTrunk((28, 28), channels=1, patch_size=7, width=8, depth=1, embedding_dim=4)
        >>> trunk.grid, tuple(trunk(ops.zeros((2, 28, 28, 1))).shape)
        ((4, 4), (2, 4))

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(
        self,
        size: Sequence[int] = (224, 224),
        channels: int = 3,
        patch_size: int = 32,
        width: int = 768,
        depth: int = 12,
        num_heads: int | None = None,
        embedding_dim: int = 512,
        activation: str = "quick_gelu",
        hidden_dim: int | None = None,
        dropout: float = 0.0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        num_heads = heads_of(width) if num_heads is None else num_heads
        check_sizes(
            {
                "width": width,
                "depth": depth,
                "embedding_dim": embedding_dim,
                "channels": channels,
                "patch_size": patch_size,
            }
        )
        self.size = tuple(int(length) for length in size)
        if min(self.size) < patch_size or any(length % patch_size for length in self.size):
            raise ValueError(
                f"`size` must be multiples of `patch_size`. Received: size={self.size}, patch_size={patch_size}."
            )
        self.channels, self.patch_size, self.width = channels, patch_size, width
        self.depth, self.num_heads, self.embedding_dim = depth, num_heads, embedding_dim
        self.activation, self.hidden_dim, self.dropout = activation, hidden_dim, dropout
        self.patches = PatchEmbedding(width, (patch_size, patch_size), use_bias=False, name="patches")
        self.grid = self.patches.grid_of(*self.size)
        self.norm_before = keras.layers.LayerNormalization(epsilon=1e-5, name="norm_before")
        self.blocks = [
            TransformerBlock(
                width, num_heads, hidden_dim, dropout=dropout, activation=activation, name=f"block_{index}"
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
        rows, columns = self.grid
        start = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        self.class_token = self.add_weight(shape=(self.width,), initializer=start, name="class_token")
        self.positions = self.add_weight(shape=(1 + rows * columns, self.width), initializer=start, name="positions")
        self.patches.build((None, *self.size, self.channels))
        for layer in (self.norm_before, *self.blocks):
            layer.build((None, None, self.width))
        for layer in (self.norm, self.projection):
            layer.build((None, self.width))
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        check_picture_shape(inputs, (*self.size, self.channels))
        patches = self.patches(inputs)
        shape = (ops.shape(patches)[0], 1, self.width)
        first = ops.broadcast_to(ops.cast(self.class_token, patches.dtype), shape)
        tokens = ops.concatenate([first, patches], axis=1) + ops.cast(self.positions, patches.dtype)
        tokens = self.norm_before(tokens)
        for block in self.blocks[:-1]:
            tokens = block(tokens, training=training)
        tokens = self.blocks[-1](tokens, training=training, first=1)
        return self.projection(self.norm(tokens[:, 0]))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a CLIP's state dict go that begin with `visual.`, without that."""
        return [
            plain_weight("class_embedding", self.class_token),
            plain_weight("positional_embedding", self.positions),
            *patch_embedding_weights("conv1", self.patches),
            *layer_norm_weights("ln_pre", self.norm_before),
            *(
                weight
                for index, block in enumerate(self.blocks)
                for weight in clip_block_weights(f"transformer.resblocks.{index}", block)
            ),
            *layer_norm_weights("ln_post", self.norm),
            plain_weight("proj", self.projection.kernel),
        ]

    def get_config(self) -> dict:
        return {
            "size": list(self.size),
            "channels": self.channels,
            "patch_size": self.patch_size,
            "width": self.width,
            "depth": self.depth,
            "num_heads": self.num_heads,
            "embedding_dim": self.embedding_dim,
            "activation": self.activation,
            "hidden_dim": self.hidden_dim,
            "dropout": self.dropout,
            "name": self.name,
        }


def heads_of(width: int) -> int:
    """Returns how many heads CLIP's networks have: one for each 64 values of a token, at least one."""
    return max(width // 64, 1)


def bias_free_projection(embedding_dim: int, width: int) -> keras.layers.Dense:
    """Makes CLIP's last layer, from a token to an embedding in float32."""
    start = keras.initializers.RandomNormal(stddev=width**-0.5)
    return keras.layers.Dense(
        embedding_dim, use_bias=False, kernel_initializer=start, dtype="float32", name="projection"
    )


def check_picture_shape(pictures: KerasTensor, shape: tuple[int, int, int]) -> None:
    """Refuses pictures of another shape than `(height, width, channels)`."""
    received = tuple(pictures.shape[1:])
    if received != shape and None not in received:
        raise ValueError(f"Pictures must be {shape}, (height, width, channels). Received: {received}.")
