"""The audio spectrogram transformer, up to its embedding."""

from collections.abc import Sequence
from dataclasses import replace

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.convolutional_stem import ConvolutionalStem
from comparators.custom_layers.patch_embedding import PatchEmbedding
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import (
    TorchWeight,
    batch_norm_weights,
    conv2d_weights,
    layer_norm_weights,
    prefixed,
)
from comparators.models.encoders.davenet_audio_trunk import check_sizes
from comparators.models.encoders.lstm_trunk import split_features
from comparators.models.encoders.shared_convolution_trunk import check_spectrogram
from comparators.models.position_grid import adapt_positions, grid_of
from comparators.models.transformer_weights import patch_embedding_weights, plain_weight, transformer_block_weights

FORMS = ("official", "small")
POOLINGS = ("cls", "mean", "tutorial")


@keras.saving.register_keras_serializable("comparators")
class ASTTrunk(keras.Model):
    """Turns spectrograms of one length into embeddings: a transformer on overlapping patches.

    The patches become tokens, a class token (and a distillation token) stands before them, learned positions are added,
    and transformer blocks follow. A length that the patches do not divide loses the few frames after the last patch.
    For another length or other mel bands, `resized` makes a network with the same weights and an adapted position grid.

    Args:
        num_frames: of every sound; a front end with `target_length` pads and cuts.
        num_features: features of a frame (mel bands).
        embedding_dim: values of a token and of an embedding.
        depth: blocks.
        num_heads: heads of the attention.
        patch_size: frames and bands of a patch.
        stride: frames and bands from patch to patch; less than `patch_size` makes them overlap.
        form: `"official"` has biases in queries, keys and values, a last normalisation, and LayerNorm's epsilon at
            1e-6; `"small"`, the re-implementation for ESC-50, has none of the two, and 1e-5.
        distilled: whether there is a distillation token beside the class token.
        pooling: `"cls"` takes the class token, or its mean with the distillation token; `"mean"` the mean of the
            patches; `"tutorial"` the mean of the first two tokens whatever they are, as the small form's code did.
        stem: filters of strided convolutions before the patches, see `ConvolutionalStem`; patches and stride are then
            counted on their maps. None as published; with them, a small network learns from a few hundred sounds.
        dropout: share of the positioned tokens, and of the blocks' outputs, dropped in training.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, num_frames, num_features), "lengths": (batch,)}`, normalised, or the features
            alone. The lengths are not looked at: what the front end fills up with takes part, as published.
        training: whether to drop.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32, not normalised.

    Raises:
        ValueError: an argument is out of its range, or the features have another size.

    Example:
        >>> trunk = ASTTrunk(num_frames=64, num_features=32, embedding_dim=8, depth=1, num_heads=2)
        >>> trunk.grid, tuple(trunk(ops.ones((3, 64, 32))).shape)
        ((2, 5), (3, 8))

    Reference:
        Gong et al. 2021, AST: audio spectrogram transformer.
    """

    def __init__(
        self,
        num_frames: int = 512,
        num_features: int = 128,
        embedding_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        patch_size: int = 16,
        stride: int = 10,
        form: str = "official",
        distilled: bool = True,
        pooling: str = "cls",
        stem: Sequence[int] = (),
        dropout: float = 0.0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_sizes({"depth": depth, "embedding_dim": embedding_dim})
        for argument, value, known in (("form", form, FORMS), ("pooling", pooling, POOLINGS)):
            if value not in known:
                raise ValueError(f"`{argument}` must be one of {', '.join(known)}. Received: {argument}={value!r}.")
        self.num_frames, self.num_features = num_frames, num_features
        self.embedding_dim, self.depth, self.num_heads = embedding_dim, depth, num_heads
        self.patch_size, self.stride = patch_size, stride
        self.form, self.distilled, self.pooling, self.dropout = form, distilled, pooling, dropout
        self.patches = PatchEmbedding(embedding_dim, (patch_size, patch_size), (stride, stride), name="patches")
        self.stem = tuple(stem)
        self.convolutions = ConvolutionalStem(self.stem, name="stem") if self.stem else None
        self.grid = grid_of(self._map_size, patch_size, stride)
        official = form == "official"
        epsilon = 1e-6 if official else 1e-5
        self.blocks = [
            TransformerBlock(
                embedding_dim, num_heads, qkv_bias=official, epsilon=epsilon, dropout=dropout, name=f"block_{index}"
            )
            for index in range(depth)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=epsilon, name="norm") if official else None
        self.drop_positions = keras.layers.Dropout(dropout, name="drop_positions")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes are known."""
        if self.built:
            return
        rows, columns = self.grid
        for name in ("cls_token", "dist_token")[: self.num_special]:
            setattr(self, name, self._learned(1, name))
        self.positions = self._learned(self.num_special + rows * columns, "positions")
        if self.convolutions is not None:
            self.convolutions.build((None, self.num_features, self.num_frames, 1))
        self.patches.build((None, None, None, self.stem[-1] if self.stem else 1))
        for block in self.blocks:
            block.build((None, None, self.embedding_dim))
        if self.norm is not None:
            self.norm.build((None, None, self.embedding_dim))
        self.built = True

    def _learned(self, count: int, name: str) -> keras.Variable:
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        return self.add_weight(shape=(1, count, self.embedding_dim), initializer=start, name=name)

    @property
    def _map_size(self) -> tuple[int, int]:
        """Height and width of what is cut into patches."""
        halvings = 2 ** len(self.stem)
        return -(-self.num_features // halvings), -(-self.num_frames // halvings)

    @property
    def num_special(self) -> int:
        """Tokens that stand before those of the patches: 1 or 2."""
        return 2 if self.distilled else 1

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        if self.pooling == "mean":
            tokens = self.tokens(inputs, training=training)[:, self.num_special :]
        else:
            tokens = self.tokens(inputs, training, first=2 if self.pooling == "tutorial" else self.num_special)
        return ops.mean(ops.cast(tokens, "float32"), axis=1)

    def tokens(self, inputs, training: bool | None = None, first: int | None = None) -> KerasTensor:
        """Returns the tokens after the last block, special ones first, `(batch, tokens, embedding_dim)`.

        Args:
            inputs: as the network takes them.
            training: whether to drop.
            first: how many of them, the first ones; None for all. The last block then leaves out the others, which
                makes a network of two blocks nearly twice as fast.
        """
        tokens = self.embedded(inputs, training=training)
        for block in self.blocks[:-1]:
            tokens = block(tokens, training=training)
        tokens = self.blocks[-1](tokens, training=training, first=first)
        return tokens if self.norm is None else self.norm(tokens)

    def embedded(self, inputs, training: bool | None = None) -> KerasTensor:
        """Returns the tokens before the first block, positions added, `(batch, tokens, embedding_dim)`."""
        patches = self.patch_tokens(inputs, training=training)
        special = [self.cls_token, self.dist_token] if self.distilled else [self.cls_token]
        shape = (ops.shape(patches)[0], 1, self.embedding_dim)
        special = [ops.broadcast_to(ops.cast(token, patches.dtype), shape) for token in special]
        tokens = ops.concatenate([*special, patches], axis=1) + ops.cast(self.positions, patches.dtype)
        return self.drop_positions(tokens, training=training)

    def patch_tokens(self, inputs, training: bool | None = None) -> KerasTensor:
        """Returns the projected patches without positions, in the order band * columns + time."""
        features, _ = split_features(inputs)
        check_spectrogram(features, self.num_frames, self.num_features)
        picture = ops.cast(ops.transpose(features, (0, 2, 1))[..., None], self.compute_dtype)
        if self.convolutions is not None:
            picture = self.convolutions(picture, training=training)
        # Without overlap, patches must fill the picture: what is after the last of them goes.
        height, width = (self.patch_size + (count - 1) * self.stride for count in self.grid)
        return self.patches(picture[:, :height, :width])

    def class_attention(self, inputs, block: int = -1) -> KerasTensor:
        """Returns how much the class token looks at each patch, for pictures.

        Args:
            inputs: as the network takes them.
            block: of which block, from 0; -1 is the last.

        Returns:
            `(batch, num_heads, rows, columns)`, rows of bands from low to high, columns of time. What is missing to a
            sum of one, the class token (and the distillation token) gives to itself.

        Raises:
            ValueError: there is no such block.
        """
        if not -self.depth <= block < self.depth:
            raise ValueError(f"`block` must be one of {self.depth} blocks, counted from 0. Received: block={block}.")
        tokens, last = self.embedded(inputs), block % self.depth
        for layer in self.blocks[:last]:
            tokens = layer(tokens)
        _, attention = self.blocks[last](tokens, return_attention=True)
        return ops.reshape(attention[:, :, 0, self.num_special :], (-1, self.num_heads, *self.grid))

    def resized(self, num_frames: int | None = None, num_features: int | None = None) -> "ASTTrunk":
        """Makes a network for another length or other mel bands, with the same weights and adapted positions.

        The position grid is cut to its middle where it becomes shorter, and stretched where it becomes longer.

        Args:
            num_frames: None keeps the number.
            num_features: None keeps the number.

        Raises:
            ValueError: the spectrogram is smaller than a patch.
        """
        sizes = {"num_frames": num_frames or self.num_frames, "num_features": num_features or self.num_features}
        other = type(self)(**self.get_config() | sizes)
        positions = adapt_positions(ops.convert_to_numpy(self.positions), self.grid, other.grid, self.num_special)
        for own, variable in zip(self.variables, other.variables, strict=True):
            variable.assign(positions if own is self.positions else own)
        return other

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a PyTorch state dict go: `v.*` of the official form, the small form's names."""
        weights = [plain_weight("cls_token", self.cls_token), plain_weight("pos_embed", self.positions)]
        if self.distilled:
            weights.append(plain_weight("dist_token", self.dist_token))
        if self.convolutions is not None:
            layers = zip(self.convolutions.convolutions, self.convolutions.normalizations, strict=True)
            for index, (convolution, normalization) in enumerate(layers):
                weights += conv2d_weights(f"stem.{index}.conv", convolution)
                weights += batch_norm_weights(f"stem.{index}.bn", normalization)
        weights += patch_embedding_weights("patch_embed.proj", self.patches)
        for index, block in enumerate(self.blocks):
            weights += transformer_block_weights(f"blocks.{index}", block)
        if self.norm is not None:
            return prefixed("v.", weights + layer_norm_weights("norm", self.norm))
        return [replace(weight, names=tuple(map(_small_name, weight.names))) for weight in weights]

    def get_config(self) -> dict:
        return {
            "num_frames": self.num_frames,
            "num_features": self.num_features,
            "embedding_dim": self.embedding_dim,
            "depth": self.depth,
            "num_heads": self.num_heads,
            "patch_size": self.patch_size,
            "stride": self.stride,
            "form": self.form,
            "distilled": self.distilled,
            "pooling": self.pooling,
            "stem": self.stem,
            "dropout": self.dropout,
            "name": self.name,
        }


def _small_name(name: str) -> str:
    if name.startswith("blocks."):
        return f"transformer.{name}"
    return name.removeprefix("patch_embed.")
