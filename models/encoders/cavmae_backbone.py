"""The transformer of CAV-MAE: a branch for each modality, and blocks that both share."""

from collections.abc import Collection, Mapping

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.patch_tokens import PatchTokens
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import TorchWeight, layer_norm_weights
from comparators.models.transformer_weights import patch_embedding_weights, plain_weight, transformer_block_weights

_EPSILON = 1e-5
# The shared blocks call the image's norms visual, as the paper does.
STREAM_NORMS = {"audio": "audio", "image": "visual"}
_LETTERS = {"audio": "a", "image": "v"}


@keras.saving.register_keras_serializable("comparators")
class CAVMAEBackbone(keras.Model):
    """Encodes spectrograms and images, each alone or both together, with one set of shared blocks.

    A modality's tokens go through its own blocks (`branch`); then, with those of the other modality, through the shared
    blocks (`joint`), or alone, through the same blocks with the modality's own normalisations (`stream`). With
    `modality_specific_depth=0` there is one joint encoder: the vanilla audio-visual MAE.

    The published networks hold three pairs of normalisations in every block, of which those of a branch use one: the
    others are kept for checkpoints and are not trained.

    Args:
        spectrogram_shape: `(frames, bands)`; a patch must divide both. Ten seconds are 998 frames, padded to 1024.
        image_shape: `(height, width, channels)`; None for a network of sound alone.
        embedding_dim: values of a token.
        modality_specific_depth: blocks of each branch.
        depth: blocks that a token goes through, those of a branch and the shared ones.
        num_heads: heads of the attention.
        audio_patch: bands and frames of a patch.
        image_patch: height and width of a patch.
        trainable_positions: whether the positions are trained, as in fine-tuning.
        name: name of the model.

    Call arguments:
        inputs: `{"audio": (batch, frames, bands), "image": (batch, height, width, channels)}`, normalised floats.

    Returns:
        Tokens of the joint stream `(batch, audio tokens + image tokens, embedding_dim)`.

    Raises:
        ValueError: an argument is out of its range, or patches do not divide a shape.

    Example:
        >>> backbone = CAVMAEBackbone((32, 32), (32, 32, 3), 16, modality_specific_depth=1, depth=2, num_heads=2)
        >>> backbone({"audio": ops.zeros((1, 32, 32)), "image": ops.zeros((1, 32, 32, 3))}).shape
        TensorShape([1, 8, 16])

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(
        self,
        spectrogram_shape: tuple[int, int] = (1024, 128),
        image_shape: tuple[int, int, int] | None = (224, 224, 3),
        embedding_dim: int = 768,
        modality_specific_depth: int = 11,
        depth: int = 12,
        num_heads: int = 12,
        audio_patch: tuple[int, int] = (16, 16),
        image_patch: tuple[int, int] = (16, 16),
        trainable_positions: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not 0 <= modality_specific_depth < depth:
            raise ValueError(
                "`modality_specific_depth` must be at least 0 and less than `depth`: there must be a shared block. "
                f"Received: modality_specific_depth={modality_specific_depth}, depth={depth}."
            )
        self.spectrogram_shape = tuple(int(size) for size in spectrogram_shape)
        self.image_shape = None if image_shape is None else tuple(int(size) for size in image_shape)
        self.embedding_dim = int(embedding_dim)
        self.modality_specific_depth = int(modality_specific_depth)
        self.depth = int(depth)
        self.num_heads = int(num_heads)
        self.trainable_positions = bool(trainable_positions)
        frames, bands = self.spectrogram_shape
        # Bands are the height, so that tokens come in the order frequency * columns + time.
        self.tokens = {"audio": self._tokens((bands, frames, 1), audio_patch, "audio_tokens")}
        if self.image_shape is not None:
            self.tokens["image"] = self._tokens(self.image_shape, image_patch, "image_tokens")
        self.branches = {
            role: [self._block(f"{role}_block_{i}", ["joint"]) for i in range(self.modality_specific_depth)]
            for role in self.tokens
        }
        streams = ["joint", *(STREAM_NORMS[role] for role in self.tokens)]
        self.shared = [
            self._block(f"shared_block_{i}", streams) for i in range(self.depth - self.modality_specific_depth)
        ]
        self.norms = {kind: keras.layers.LayerNormalization(epsilon=_EPSILON, name=f"{kind}_norm") for kind in streams}
        self.build()

    def _tokens(self, shape: tuple[int, int, int], patch: tuple[int, int], name: str) -> PatchTokens:
        return PatchTokens(shape, self.embedding_dim, patch, self.trainable_positions, name=name)

    def _block(self, name: str, norms: list[str]) -> TransformerBlock:
        idle = [kind for kind in ("joint", "audio", "visual") if kind not in norms]
        return TransformerBlock(
            self.embedding_dim, self.num_heads, epsilon=_EPSILON, norms=norms, idle_norms=idle, name=name
        )

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the shapes are known."""
        if self.built:
            return
        blocks = [block for branch in self.branches.values() for block in branch]
        for layer in (*self.tokens.values(), *blocks, *self.shared, *self.norms.values()):
            layer.build((None, None, self.embedding_dim))
        self.built = True

    @property
    def roles(self) -> tuple[str, ...]:
        """`("audio", "image")`, or `("audio",)`."""
        return tuple(self.tokens)

    def as_images(self, role: str, inputs: KerasTensor) -> KerasTensor:
        """Turns spectrograms `(batch, frames, bands)` upright, `(batch, bands, frames, 1)`; images stay as they are."""
        if role != "audio":
            return inputs
        if len(inputs.shape) != 3 or tuple(inputs.shape[1:]) != self.spectrogram_shape:
            raise ValueError(
                f"Spectrograms must be {self.spectrogram_shape}, (frames, bands), as this network was made for. "
                f"Received: {tuple(inputs.shape[1:])}. Take a front end with these numbers of frames and mel bands, "
                "or a network of your own size."
            )
        return ops.transpose(inputs, (0, 2, 1))[..., None]

    def branch(self, role: str, inputs: KerasTensor, visible: KerasTensor | None = None, training=None) -> KerasTensor:
        """Makes tokens and takes them through the blocks of their modality.

        Args:
            role: `"audio"` or `"image"`.
            inputs: `(batch, frames, bands)`, or `(batch, height, width, channels)`.
            visible: int `(batch, kept)`, the tokens to take; None for all.
            training: handed to the blocks.

        Returns:
            `(batch, tokens, embedding_dim)`.
        """
        tokens = self.tokens[role](self.as_images(role, inputs), visible=visible)
        for block in self.branches[role]:
            tokens = block(tokens, training=training)
        return tokens

    def joint(self, tokens: Mapping[str, KerasTensor], training=None) -> KerasTensor:
        """Takes the tokens of one or both branches through the shared blocks, together."""
        together = ops.concatenate([tokens[role] for role in self.roles if role in tokens], axis=1)
        for block in self.shared:
            together = block(together, norm="joint", training=training)
        return self.norms["joint"](together)

    def stream(self, role: str, tokens: KerasTensor, training=None) -> KerasTensor:
        """Takes the tokens of one branch through the shared blocks, with the normalisations of its modality."""
        norm = STREAM_NORMS[role]
        for block in self.shared:
            tokens = block(tokens, norm=norm, training=training)
        return self.norms[norm](tokens)

    def call(self, inputs: Mapping[str, KerasTensor], training: bool | None = None) -> KerasTensor:
        return self.joint({role: self.branch(role, inputs[role], training=training) for role in self.roles}, training)

    def compute_output_shape(self, input_shape) -> tuple:
        batch = input_shape[self.roles[0]][0]
        return (batch, sum(tokens.count for tokens in self.tokens.values()), self.embedding_dim)

    def train_only(self, roles: Collection[str], streams: Collection[str]) -> None:
        """Takes the parts out of training that some use of the backbone never sees, and would never change.

        Args:
            roles: whose tokens and branches are used.
            streams: whose normalisations are used, of `"joint"`, `"audio"`, `"image"`.
        """
        kinds = {STREAM_NORMS.get(stream, stream) for stream in streams}
        for role, tokens in self.tokens.items():
            for layer in (tokens, *self.branches[role]):
                layer.trainable = role in roles
        for kind, norm in self.norms.items():
            for layer in (norm, *(norms[kind] for block in self.shared for norms in (block.norm1, block.norm2))):
                layer.trainable = kind in kinds

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of an official state dict go; fixed positions are computed, and have no place."""
        weights = []
        for role, tokens in self.tokens.items():
            letter = _LETTERS[role]
            weights += patch_embedding_weights(f"patch_embed_{letter}.proj", tokens.embedding)
            weights.append(plain_weight(f"modality_{letter}", tokens.modality))
            if self.trainable_positions:
                weights.append(plain_weight(f"pos_embed_{letter}", tokens.positions))
            for i, block in enumerate(self.branches[role]):
                weights += transformer_block_weights(f"blocks_{letter}.{i}", block)
        for i, block in enumerate(self.shared):
            weights += transformer_block_weights(f"blocks_u.{i}", block)
        suffixes = {"joint": "", "audio": "_a", "visual": "_v"}
        return weights + [
            weight for kind, norm in self.norms.items() for weight in layer_norm_weights(f"norm{suffixes[kind]}", norm)
        ]

    def get_config(self) -> dict:
        return {
            "spectrogram_shape": self.spectrogram_shape,
            "image_shape": self.image_shape,
            "embedding_dim": self.embedding_dim,
            "modality_specific_depth": self.modality_specific_depth,
            "depth": self.depth,
            "num_heads": self.num_heads,
            "audio_patch": self.tokens["audio"].patch_size,
            "image_patch": self.tokens["image"].patch_size if "image" in self.tokens else (16, 16),
            "trainable_positions": self.trainable_positions,
            "name": self.name,
        }
