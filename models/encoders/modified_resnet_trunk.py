"""CLIP's residual network: pictures to embeddings that texts are compared with."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.attention_pooling import AttentionPooling
from comparators.models.convert import TorchWeight, batch_norm_weights, conv2d_weights, linear_weights, prefixed
from comparators.models.encoders.clip_image_trunk import check_picture_shape, heads_of
from comparators.models.encoders.davenet_audio_trunk import check_sizes
from comparators.models.encoders.residual_trunk import convolve_padded, plain_convolution, torch_normalization
from comparators.models.transformer_weights import plain_weight

_WIDENING = 4  # a block's output is so many times wider than its convolutions


@keras.saving.register_keras_serializable("comparators")
class ModifiedResNetTrunk(keras.Model):
    """Turns pictures of one size into embeddings with CLIP's form of a ResNet.

    Three convolutions and an average pool stand in place of the first convolution and its maximum; where a stage halves
    height and width an average pool does it, not a stride; the last layer is an `AttentionPooling`. Weights of OpenAI's
    and open_clip's networks come in by `CLIP.from_checkpoint`.

    Args:
        size: `(height, width)` of the pictures, multiples of what the stages divide them by: 32 for four stages.
        blocks: residual blocks of each stage; every stage but the first halves height and width, and doubles channels.
        width: channels of the first stage's convolutions.
        num_heads: heads of the pooling; None takes one for each 64 channels of the last map, as OpenAI does.
        embedding_dim: values of an embedding.
        name: name of the model.

    Call arguments:
        inputs: normalised pictures `(batch, height, width, 3)`.
        training: whether batch normalisation takes the statistics of the batch.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32, not normalised.

    Raises:
        ValueError: an argument is out of its range, or pictures are of another size.

    Example:
        >>> trunk = ModifiedResNetTrunk(size=(32, 32), blocks=(1, 1, 1, 1), width=4, embedding_dim=6)
        >>> tuple(trunk(ops.zeros((2, 32, 32, 3))).shape)
        (2, 6)

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(
        self,
        size: Sequence[int] = (224, 224),
        blocks: Sequence[int] = (3, 4, 6, 3),
        width: int = 64,
        num_heads: int | None = None,
        embedding_dim: int = 1024,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not blocks or min(blocks) < 1:
            raise ValueError(f"`blocks` must name how many each stage has, all positive. Received: blocks={blocks}.")
        check_sizes({"width // 2": width // 2, "embedding_dim": embedding_dim})
        self.size = tuple(int(length) for length in size)
        self.num_blocks, self.width, self.embedding_dim = tuple(blocks), width, embedding_dim
        stride = 2 ** (1 + len(self.num_blocks))
        if min(self.size) < stride or any(length % stride for length in self.size):
            raise ValueError(
                f"`size` must be multiples of {stride} with {len(self.num_blocks)} stages. Received: size={self.size}."
            )
        # filters and stride of the first convolutions
        self.stem = [
            _Normalized(*form, name=f"stem_{i}")
            for i, form in enumerate([(width // 2, 3, 2), (width // 2, 3, 1), (width, 3, 1)], 1)
        ]
        self.blocks = [
            _PooledBlock(width * 2**stage, halves=stage > 0 and not index, name=f"layer{stage + 1}_{index}")
            for stage, number in enumerate(blocks)
            for index in range(number)
        ]
        self.num_heads = heads_of(self.blocks[-1].channels) if num_heads is None else num_heads
        self.pooling = AttentionPooling(embedding_dim, self.num_heads, dtype="float32", name="pooling")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes are known."""
        if self.built:
            return
        channels = 3
        for layer in (*self.stem, *self.blocks):
            layer.build((None, None, None, channels))
            channels = layer.channels
        stride = 2 ** (1 + len(self.num_blocks))
        self.pooling.build((None, *(length // stride for length in self.size), channels))
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        check_picture_shape(inputs, (*self.size, 3))
        maps = inputs
        for layer in self.stem:
            maps = ops.relu(layer(maps, training=training))
        maps = _halved(maps)
        for block in self.blocks:
            maps = block(maps, training=training)
        return self.pooling(maps)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a CLIP's state dict go that begin with `visual.`, without that."""
        weights = [
            weight
            for number, layer in enumerate(self.stem, 1)
            for weight in layer.torch_weights(f"conv{number}", f"bn{number}")
        ]
        for block in self.blocks:
            weights += prefixed(f"{block.name.replace('_', '.')}.", block.torch_weights())
        pooling = self.pooling
        return [
            *weights,
            plain_weight("attnpool.positional_embedding", pooling.positions),
            *linear_weights("attnpool.q_proj", pooling.query),
            *linear_weights("attnpool.k_proj", pooling.key),
            *linear_weights("attnpool.v_proj", pooling.value),
            *linear_weights("attnpool.c_proj", pooling.projection),
        ]

    def get_config(self) -> dict:
        return {
            "size": list(self.size),
            "blocks": list(self.num_blocks),
            "width": self.width,
            "num_heads": self.num_heads,
            "embedding_dim": self.embedding_dim,
            "name": self.name,
        }


class _Normalized(keras.layers.Layer):
    """A convolution and its batch normalisation."""

    def __init__(self, filters: int, size: int, strides: int, name: str):
        super().__init__(name=name)
        self.channels = filters
        self.convolution = plain_convolution(filters, size, strides, name="convolution")
        self.normalization = torch_normalization(name="normalization")

    def build(self, input_shape: tuple) -> None:
        self.convolution.build(input_shape)
        self.normalization.build((*input_shape[:-1], self.channels))
        self.built = True

    def call(self, maps: KerasTensor, training: bool | None = None) -> KerasTensor:
        return self.normalization(convolve_padded(self.convolution, maps), training=training)

    def torch_weights(self, convolution: str, normalization: str) -> list[TorchWeight]:
        return [
            *conv2d_weights(convolution, self.convolution),
            *batch_norm_weights(normalization, self.normalization),
        ]


class _PooledBlock(keras.layers.Layer):
    """A bottleneck beside a shortcut; where it halves a map, average pools do it, which let no high frequency fold."""

    def __init__(self, width: int, halves: bool, name: str):
        super().__init__(name=name)
        self.channels = _WIDENING * width
        self.halves = halves
        forms = [(width, 1, 1), (width, 3, 1), (self.channels, 1, 1)]
        self.layers = [_Normalized(*form, name=f"conv{number}") for number, form in enumerate(forms, 1)]
        self.shortcut = None

    def build(self, input_shape: tuple) -> None:
        if self.halves or input_shape[-1] != self.channels:
            self.shortcut = _Normalized(self.channels, 1, 1, name="shortcut")
            self.shortcut.build(input_shape)
        channels = input_shape[-1]
        for layer in self.layers:
            layer.build((*input_shape[:-1], channels))
            channels = layer.channels
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        first, second, third = self.layers
        maps = ops.relu(first(inputs, training=training))
        maps = ops.relu(second(maps, training=training))
        beside = inputs
        if self.halves:
            maps, beside = _halved(maps), _halved(beside)
        if self.shortcut is not None:
            beside = self.shortcut(beside, training=training)
        return ops.relu(third(maps, training=training) + beside)

    def torch_weights(self) -> list[TorchWeight]:
        weights = [
            weight
            for number, layer in enumerate(self.layers, 1)
            for weight in layer.torch_weights(f"conv{number}", f"bn{number}")
        ]
        if self.shortcut is not None:
            weights += self.shortcut.torch_weights("downsample.0", "downsample.1")
        return weights


def _halved(maps: KerasTensor) -> KerasTensor:
    return ops.average_pool(maps, 2, 2, data_format="channels_last")
