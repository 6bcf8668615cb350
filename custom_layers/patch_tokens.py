"""From pictures of one modality to the tokens that a transformer takes."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.patch_embedding import PatchEmbedding, cut_patches
from comparators.custom_layers.sin_cos_positions import sin_cos_positions
from comparators.custom_layers.token_masking import take_tokens


@keras.saving.register_keras_serializable("comparators")
class PatchTokens(keras.layers.Layer):
    """Cuts pictures of one size into patches and makes tokens that know their place and their modality.

    A token is the projected patch plus the position (sines and cosines) plus one vector of the modality. Where only
    some tokens stay visible, only their patches are projected.

    Args:
        image_shape: `(height, width, channels)` of the pictures.
        embedding_dim: values of a token, a multiple of 4.
        patch_size: height and width of a patch.
        trainable_positions: whether the positions are trained on from sines and cosines.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        images: `(batch, height, width, channels)`, float.
        visible: int `(batch, kept)`, places of the tokens to make, as `TokenMasking` gives them; None for all.

    Returns:
        Tokens `(batch, count or kept, embedding_dim)`.

    Raises:
        ValueError: a picture is of another shape, or patches do not divide it.

    Example:
        >>> layer = PatchTokens((32, 48, 1), embedding_dim=8)
        >>> layer.grid, layer(ops.zeros((2, 32, 48, 1)), visible=ops.array([[5], [0]])).shape
        ((2, 3), TensorShape([2, 1, 8]))

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        embedding_dim: int,
        patch_size: tuple[int, int] = (16, 16),
        trainable_positions: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(int(size) for size in image_shape)
        self.embedding_dim = int(embedding_dim)
        self.trainable_positions = bool(trainable_positions)
        self.embedding = PatchEmbedding(embedding_dim, patch_size, dtype=self.dtype_policy, name="embedding")
        self.patch_size = self.embedding.patch_size
        self.grid = self.embedding.grid_of(*self.image_shape[:2])
        self.count = self.grid[0] * self.grid[1]
        self._sin_cos = sin_cos_positions(self.grid, self.embedding_dim)

    def build(self, input_shape: tuple | None = None) -> None:
        self.embedding.build((None, *self.image_shape))
        self.modality = self.add_weight(
            shape=(1, 1, self.embedding_dim), initializer=keras.initializers.RandomNormal(stddev=0.02), name="modality"
        )
        self.positions = self.add_weight(
            shape=(1, self.count, self.embedding_dim),
            initializer=lambda shape, dtype: ops.cast(self._sin_cos[None], dtype),
            trainable=self.trainable_positions,
            name="positions",
        )
        self.built = True

    def call(self, images: KerasTensor, visible: KerasTensor | None = None) -> KerasTensor:
        if tuple(images.shape[1:]) != self.image_shape:
            raise ValueError(
                f"Inputs must be {self.image_shape}, (height, width, channels); of a spectrogram, (mel bands, frames, "
                f"1). Received: {tuple(images.shape[1:])}. Take a network of this size, or resize, pad or cut."
            )
        patches = cut_patches(ops.cast(images, self.compute_dtype), self.patch_size)
        places = ops.cast(self.positions + self.modality, self.compute_dtype)
        if visible is None:
            return self.embedding.project(patches) + places
        return self.embedding.project(take_tokens(patches, visible)) + ops.take(places[0], visible, axis=0)

    def compute_output_shape(self, images_shape: tuple, visible_shape: tuple | None = None) -> tuple:
        return (images_shape[0], self.count if visible_shape is None else visible_shape[1], self.embedding_dim)

    def get_config(self) -> dict:
        return super().get_config() | {
            "image_shape": self.image_shape,
            "embedding_dim": self.embedding_dim,
            "patch_size": self.patch_size,
            "trainable_positions": self.trainable_positions,
        }
