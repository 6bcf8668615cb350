"""The decoder of CAV-MAE: from visible tokens to all patches."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.custom_layers.sin_cos_positions import sin_cos_positions
from comparators.custom_layers.token_masking import TokenMask, take_tokens
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import TorchWeight, layer_norm_weights, linear_weights
from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone
from comparators.models.transformer_weights import plain_weight, transformer_block_weights

_EPSILON = 1e-5
_LETTERS = {"audio": "a", "image": "v"}


@keras.saving.register_keras_serializable("comparators")
class CAVMAEDecoder(keras.Model):
    """Reconstructs the patches of both modalities from the joint tokens of the visible ones.

    Each hidden place gets the mask token; all tokens go back to their places, learn where they are and of what
    modality, and see each other in a few blocks. It serves pre-training and inpainting alone.

    Args:
        grids: role -> rows and columns of its tokens, in the order of the joint stream.
        patch_values: role -> values of one of its patches.
        input_dim: values of an encoder's token.
        embedding_dim: values of a token here.
        depth: blocks.
        num_heads: heads of the attention.
        name: name of the model.

    Call arguments:
        latent: `(batch, visible tokens of all roles, input_dim)`.
        masks: role -> `TokenMask`.

    Returns:
        role -> patches `(batch, rows * columns, patch_values)`.

    Example:
        >>> from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone
        >>> backbone = CAVMAEBackbone((32, 32), (32, 32, 3), 16, modality_specific_depth=1, depth=2, num_heads=2)
        >>> CAVMAEDecoder.for_backbone(backbone, embedding_dim=8, depth=1, num_heads=2).patch_values
        {'audio': 256, 'image': 768}

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(
        self,
        grids: Mapping[str, tuple[int, int]],
        patch_values: Mapping[str, int],
        input_dim: int = 768,
        embedding_dim: int = 512,
        depth: int = 8,
        num_heads: int = 16,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if depth < 1:
            raise ValueError(f"`depth` must be positive. Received: depth={depth}.")
        self.grids = {role: tuple(grid) for role, grid in grids.items()}
        self.patch_values = {role: int(patch_values[role]) for role in self.grids}
        self.input_dim = int(input_dim)
        self.embedding_dim = int(embedding_dim)
        self.depth = int(depth)
        self.num_heads = int(num_heads)
        self.embed = keras.layers.Dense(self.embedding_dim, name="embed")
        self.blocks = [
            TransformerBlock(
                self.embedding_dim,
                self.num_heads,
                epsilon=_EPSILON,
                norms=["joint"],
                idle_norms=["audio", "visual"],
                name=f"block_{i}",
            )
            for i in range(self.depth)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=_EPSILON, name="norm")
        self.heads = {role: keras.layers.Dense(self.patch_values[role], name=f"{role}_patches") for role in self.grids}
        self.build()

    @classmethod
    def for_backbone(
        cls, backbone: CAVMAEBackbone, embedding_dim: int = 512, depth: int = 8, num_heads: int = 16
    ) -> "CAVMAEDecoder":
        """Makes the decoder of a backbone: its grids and patches."""
        tokens = backbone.tokens
        return cls(
            {role: layer.grid for role, layer in tokens.items()},
            {role: int(np.prod(layer.patch_size)) * layer.image_shape[-1] for role, layer in tokens.items()},
            backbone.embedding_dim,
            embedding_dim,
            depth,
            num_heads,
        )

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the shapes are known."""
        if self.built:
            return
        normal = keras.initializers.RandomNormal(stddev=0.02)
        shape = (1, 1, self.embedding_dim)
        self.mask_token = self.add_weight(shape=shape, initializer=normal, name="mask_token")
        self.modalities = {
            role: self.add_weight(shape=shape, initializer=normal, name=f"{role}_modality") for role in self.grids
        }
        self.positions = {
            role: self.add_weight(
                shape=(1, grid[0] * grid[1], self.embedding_dim),
                initializer=lambda shape, dtype, grid=grid: ops.cast(
                    sin_cos_positions(grid, self.embedding_dim)[None], dtype
                ),
                trainable=False,
                name=f"{role}_positions",
            )
            for role, grid in self.grids.items()
        }
        self.embed.build((None, None, self.input_dim))
        for layer in (*self.blocks, self.norm, *self.heads.values()):
            layer.build((None, None, self.embedding_dim))
        self.built = True

    def call(self, latent: KerasTensor, masks: Mapping[str, TokenMask], training: bool | None = None) -> dict:
        visible, start, tokens = self.embed(latent), 0, []
        for role in self.grids:
            kept = masks[role].visible.shape[1]
            tokens.append(self._place(role, visible[:, start : start + kept], masks[role]))
            start += kept
        tokens = ops.concatenate(tokens, axis=1)
        for block in self.blocks:
            tokens = block(tokens, training=training)
        tokens, start, patches = self.norm(tokens), 0, {}
        for role, (rows, columns) in self.grids.items():
            patches[role] = self.heads[role](tokens[:, start : start + rows * columns])
            start += rows * columns
        return patches

    def _place(self, role: str, visible: KerasTensor, mask: TokenMask) -> KerasTensor:
        """Puts visible tokens and mask tokens in their places, `(batch, rows * columns, embedding_dim)`."""
        hidden = self.positions[role].shape[1] - visible.shape[1]
        filler = ops.cast(self.mask_token, visible.dtype)
        filler = ops.broadcast_to(filler, (ops.shape(visible)[0], hidden, self.embedding_dim))
        tokens = take_tokens(ops.concatenate([visible, filler], axis=1), mask.restore)
        return tokens + ops.cast(self.positions[role] + self.modalities[role], tokens.dtype)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of an official state dict go; fixed positions have no place."""
        weights = [
            plain_weight("mask_token", self.mask_token),
            *linear_weights("decoder_embed", self.embed),
            *layer_norm_weights("decoder_norm", self.norm),
        ]
        for role, letter in _LETTERS.items():
            weights.append(plain_weight(f"decoder_modality_{letter}", self.modalities[role]))
            weights += linear_weights(f"decoder_pred_{letter}", self.heads[role])
        for i, block in enumerate(self.blocks):
            weights += transformer_block_weights(f"decoder_blocks.{i}", block)
        return weights

    def get_config(self) -> dict:
        return {
            "grids": self.grids,
            "patch_values": self.patch_values,
            "input_dim": self.input_dim,
            "embedding_dim": self.embedding_dim,
            "depth": self.depth,
            "num_heads": self.num_heads,
            "name": self.name,
        }
