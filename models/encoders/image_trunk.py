"""Convolutions over an image, in residual blocks."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from comparators.custom_layers.l2_normalization import L2Normalization

POOLINGS = ("average", "flatten", "none")


@keras.saving.register_keras_serializable("comparators")
class ImageTrunk(keras.Model):
    """Turns rescaled images into embeddings with stages of residual 3 x 3 convolutions.

    A stage is `blocks_per_stage` residual blocks of two convolutions, each followed by batch normalisation and ReLU;
    all stages but the first begin by halving height and width. A small network that is trained from scratch; for
    large photographs take a `keras.applications` backbone, see `ApplicationTrunk`.

    Args:
        channels: filters of each stage.
        blocks_per_stage: residual blocks in a stage.
        embedding_dim: values in the embedding, by a linear projection; None takes the pooled values as they are, which
            know more of labels that were never trained on. Their objective then needs a projection of its own,
            see `Projected`.
        pooling: `"average"` over all places; `"flatten"` keeps the places apart, which tells small drawings apart
            better and needs images of one size; `"none"` gives a map, an embedding of each place.
        dropout: share of the pooled values that are dropped in training.
        name: name of the model.

    Call arguments:
        inputs: float images `(batch, height, width, channels)`, around zero.
        training: whether batch normalisation takes the statistics of the batch, and dropout is active.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32. Without pooling a map of them, `(batch, height,
        width, embedding_dim)`, whose sides are halved by every stage but the first.

    Raises:
        ValueError: `channels` is empty, the pooling is unknown, or a size is not positive.

    Example:
        >>> from keras import ops
        >>> trunk = ImageTrunk(channels=(8, 16), embedding_dim=4)
        >>> tuple(trunk(ops.zeros((2, 28, 28, 1))).shape)
        (2, 4)

    Reference:
        He et al. 2016, Deep residual learning for image recognition.
    """

    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 128),
        blocks_per_stage: int = 1,
        embedding_dim: int | None = 64,
        pooling: str = "flatten",
        dropout: float = 0.0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not channels or min(channels) < 1:
            raise ValueError(f"`channels` must name the filters of one stage at least. Received: channels={channels}.")
        if pooling not in POOLINGS:
            raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}. Received: pooling={pooling!r}.")
        if blocks_per_stage < 1:
            raise ValueError(f"`blocks_per_stage` must be positive. Received: blocks_per_stage={blocks_per_stage}.")
        if embedding_dim is not None and embedding_dim < 1:
            raise ValueError(f"`embedding_dim` must be positive or None. Received: embedding_dim={embedding_dim}.")
        self.channels = tuple(channels)
        self.blocks_per_stage = blocks_per_stage
        self.pooling = pooling
        self.dropout_rate = dropout
        self.blocks = [
            _ResidualBlock(filters, 2 if stage and not index else 1, name=f"stage_{stage}_block_{index}")
            for stage, filters in enumerate(self.channels)
            for index in range(blocks_per_stage)
        ]
        pools = {
            "average": keras.layers.GlobalAveragePooling2D,
            "flatten": keras.layers.Flatten,
            "none": keras.layers.Identity,
        }
        self.pool = pools[pooling](name="pool")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")
        self.projection = None if embedding_dim is None else keras.layers.Dense(embedding_dim, name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")

    def build(self, input_shape: tuple) -> None:
        shape = tuple(input_shape)
        for block in self.blocks:
            block.build(shape)
            shape = block.compute_output_shape(shape)
        shape = self.pool.compute_output_shape(shape)
        self.num_pooled = shape[-1]
        if self.projection is not None:
            self.projection.build(shape)
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        maps = inputs
        for block in self.blocks:
            maps = block(maps, training=training)
        pooled = self.dropout(self.pool(maps), training=training)
        return self.normalization(pooled if self.projection is None else self.projection(pooled))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        if self.pooling != "none":
            return (input_shape[0], self.embedding_dim)
        shape = tuple(input_shape)
        for block in self.blocks:
            shape = block.compute_output_shape(shape)
        return (*shape[:3], self.embedding_dim)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding; without a projection they are known once the trunk is built."""
        return self.num_pooled if self.projection is None else self.projection.units

    def get_config(self) -> dict:
        return {
            "channels": list(self.channels),
            "blocks_per_stage": self.blocks_per_stage,
            "embedding_dim": None if self.projection is None else self.projection.units,
            "pooling": self.pooling,
            "dropout": self.dropout_rate,
            "name": self.name,
        }


class _ResidualBlock(keras.layers.Layer):
    """Two convolutions beside a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, filters: int, strides: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides
        convolution = keras.layers.Conv2D
        self.convolution_1 = convolution(filters, 3, strides, "same", use_bias=False, name="convolution_1")
        self.normalization_1 = keras.layers.BatchNormalization(name="normalization_1")
        self.convolution_2 = convolution(filters, 3, 1, "same", use_bias=False, name="convolution_2")
        self.normalization_2 = keras.layers.BatchNormalization(name="normalization_2")
        self.shortcut = convolution(filters, 1, strides, "same", name="shortcut")

    def build(self, input_shape: tuple) -> None:
        self.convolution_1.build(input_shape)
        shape = self.convolution_1.compute_output_shape(input_shape)
        for layer in (self.normalization_1, self.convolution_2, self.normalization_2):
            layer.build(shape)
        self.changes_shape = self.strides > 1 or input_shape[-1] != self.filters
        if self.changes_shape:
            self.shortcut.build(input_shape)
        self.built = True

    def call(self, maps: KerasTensor, training: bool | None = None) -> KerasTensor:
        beside = self.shortcut(maps) if self.changes_shape else maps
        maps = keras.activations.relu(self.normalization_1(self.convolution_1(maps), training=training))
        maps = self.normalization_2(self.convolution_2(maps), training=training)
        return keras.activations.relu(maps + keras.ops.cast(beside, maps.dtype))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.convolution_1.compute_output_shape(input_shape)
