"""Residual networks in the form of torchvision, so that its weights fit."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.models.convert import TorchWeight, batch_norm_weights, conv2d_weights

BLOCKS = {"basic": 1, "bottleneck": 4}
"""Kinds of residual blocks, and how many times wider than its convolutions such a block's output is."""
OUTPUTS = ("average", "map")
_DEPTHS = {
    18: ((2, 2, 2, 2), "basic"),
    34: ((3, 4, 6, 3), "basic"),
    50: ((3, 4, 6, 3), "bottleneck"),
    101: ((3, 4, 23, 3), "bottleneck"),
}
_CHILDREN = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}


@keras.saving.register_keras_serializable("comparators")
class ResidualTrunk(keras.Model):
    """Turns images into features with a ResNet of torchvision's form, which published PyTorch weights fit.

    `keras.applications` has another form (stride on the first 1 x 1 convolution, biases, another epsilon): weights of
    torchvision give other features there. The front end is `PixelNormalization("torch")`; weights come in through
    `comparators.models.convert.load_state(trunk, path, unused=("fc.",))`.

    Args:
        blocks: residual blocks of each stage; every stage but the first halves height and width, and doubles channels.
        block: `"basic"`, two 3 x 3 convolutions, or `"bottleneck"`, a 3 x 3 convolution, which has the stride, between
            two of 1 x 1.
        width: channels of the first convolution.
        output: `"average"` over all places, or the `"map"` of all places.
        trainable: False freezes the trunk; its batch normalisation then takes the stored statistics in training too.
        name: name of the model.

    Call arguments:
        inputs: normalised images `(batch, height, width, 3)`.
        training: whether batch normalisation takes the statistics of the batch; without effect where frozen.

    Returns:
        Features `(batch, embedding_dim)`, float32; or the map `(batch, height / 32, width / 32, embedding_dim)`, its
        sizes rounded up.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> trunk = ResidualTrunk(blocks=(1, 1), block="bottleneck", width=4)
        >>> tuple(trunk(ops.zeros((2, 32, 32, 3))).shape)
        (2, 32)
        >>> ResidualTrunk.resnet(18).embedding_dim
        512

    Reference:
        He et al. 2016, Deep residual learning for image recognition; torchvision's `resnet.py`.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (2, 2, 2, 2),
        block: str = "basic",
        width: int = 64,
        output: str = "average",
        trainable: bool = True,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not blocks or min(blocks) < 1:
            raise ValueError(f"`blocks` must name how many each stage has, all positive. Received: blocks={blocks}.")
        if block not in BLOCKS:
            raise ValueError(f"`block` must be one of {', '.join(BLOCKS)}. Received: block={block!r}.")
        if width < 1:
            raise ValueError(f"`width` must be positive. Received: width={width}.")
        if output not in OUTPUTS:
            raise ValueError(f"`output` must be one of {', '.join(OUTPUTS)}. Received: output={output!r}.")
        self.num_blocks = tuple(blocks)
        self.block = block
        self.width = width
        self.output_form = output
        self.embedding_dim = BLOCKS[block] * width * 2 ** (len(blocks) - 1)
        self.stem = plain_convolution(width, 7, 2, name="stem")
        self.stem_normalization = torch_normalization(name="stem_normalization")
        self.blocks = [
            _ResidualBlock(block, width * 2**stage, 2 if stage and not index else 1, name=f"layer{stage + 1}_{index}")
            for stage, number in enumerate(blocks)
            for index in range(number)
        ]
        self.build()
        self.trainable = trainable

    @classmethod
    def resnet(
        cls, depth: int, output: str = "average", trainable: bool = True, name: str | None = None
    ) -> "ResidualTrunk":
        """Makes ResNet-18, -34, -50 or -101, with random weights.

        Args:
            depth: 18, 34, 50 or 101.
            output: see the class.
            trainable: see the class.
            name: name of the model.

        Raises:
            ValueError: there is no such depth.
        """
        if depth not in _DEPTHS:
            raise ValueError(f"`depth` must be one of {', '.join(map(str, _DEPTHS))}. Received: depth={depth}.")
        return cls(*_DEPTHS[depth], output=output, trainable=trainable, name=name)

    def build(self, input_shape: tuple | None = None) -> None:
        """Makes all variables at once: images have three channels, and of any size."""
        if self.built:
            return
        self.stem.build((None, None, None, 3))
        self.stem_normalization.build((None, None, None, self.width))
        channels = self.width
        for block in self.blocks:
            block.build((None, None, None, channels))
            channels = block.channels
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        training = training if self.trainable else False
        maps = ops.relu(self.stem_normalization(convolve_padded(self.stem, inputs), training=training))
        # PyTorch pads the pool with -inf, which Keras's "same" does on one side only.
        padded = ops.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
        maps = ops.max_pool(padded, 3, 2, data_format="channels_last")
        for block in self.blocks:
            maps = block(maps, training=training)
        return maps if self.output_form == "map" else ops.mean(ops.cast(maps, "float32"), axis=(1, 2))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        if self.output_form == "average":
            return (input_shape[0], self.embedding_dim)
        stride = 2 ** (1 + len(self.num_blocks))
        places = (None if size is None else -(-size // stride) for size in input_shape[1:3])
        return (input_shape[0], *places, self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of torchvision's state dict go; its classifier `fc.` has no place."""
        weights = conv2d_weights("conv1", self.stem) + batch_norm_weights("bn1", self.stem_normalization)
        for block in self.blocks:
            weights += block.torch_weights(block.name.replace("_", "."))
        return weights

    def get_config(self) -> dict:
        return {
            "blocks": list(self.num_blocks),
            "block": self.block,
            "width": self.width,
            "output": self.output_form,
            "trainable": self.trainable,
            "name": self.name,
        }


def name_children(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gives the entries of `torch.nn.Sequential(*resnet.children())` torchvision's own names.

    Many published networks keep their ResNet in that form, in which `conv1.weight` is `0.weight`.

    Args:
        state: name -> array, as `read_state` returns it.

    Returns:
        name -> array; a name that begins otherwise is kept.

    Example:
        >>> list(name_children({"0.weight": 1, "4.0.bn1.bias": 2}))
        ['conv1.weight', 'layer1.0.bn1.bias']
    """
    parts = ((name.partition("."), value) for name, value in state.items())
    return {f"{_CHILDREN.get(child, child)}{stop}{rest}": value for (child, stop, rest), value in parts}


class _ResidualBlock(keras.layers.Layer):
    """Two or three convolutions beside a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, block: str, width: int, strides: int, name: str):
        super().__init__(name=name)
        self.channels = BLOCKS[block] * width
        self.strides = strides
        # filters, kernel size, strides
        forms = [(width, 3, strides), (width, 3, 1)]
        if block == "bottleneck":
            forms = [(width, 1, 1), (width, 3, strides), (self.channels, 1, 1)]
        self.convolutions = [plain_convolution(*form, name=f"conv{index}") for index, form in enumerate(forms, 1)]
        self.normalizations = [torch_normalization(name=f"bn{index}") for index, _ in enumerate(forms, 1)]
        self.shortcut = None

    def build(self, input_shape: tuple) -> None:
        shape = tuple(input_shape)
        if self.strides > 1 or shape[-1] != self.channels:
            self.shortcut = plain_convolution(self.channels, 1, self.strides, name="shortcut")
            self.shortcut_normalization = torch_normalization(name="shortcut_normalization")
            self.shortcut.build(shape)
            self.shortcut_normalization.build((*shape[:-1], self.channels))
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            convolution.build(shape)
            shape = (*shape[:-1], convolution.filters)
            normalization.build(shape)
        self.built = True

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        maps = inputs
        for index, (convolution, normalization) in enumerate(zip(self.convolutions, self.normalizations, strict=True)):
            maps = normalization(convolve_padded(convolution, ops.relu(maps) if index else maps), training=training)
        beside = inputs
        if self.shortcut is not None:
            beside = self.shortcut_normalization(self.shortcut(inputs), training=training)
        return ops.relu(maps + beside)

    def torch_weights(self, name: str) -> list[TorchWeight]:
        weights = []
        for index, (convolution, normalization) in enumerate(
            zip(self.convolutions, self.normalizations, strict=True), 1
        ):
            weights += conv2d_weights(f"{name}.conv{index}", convolution)
            weights += batch_norm_weights(f"{name}.bn{index}", normalization)
        if self.shortcut is not None:
            weights += conv2d_weights(f"{name}.downsample.0", self.shortcut)
            weights += batch_norm_weights(f"{name}.downsample.1", self.shortcut_normalization)
        return weights


def plain_convolution(filters: int, size: int, strides: int, name: str) -> keras.layers.Conv2D:
    """Makes a convolution without bias, as normalisation follows; `convolve_padded` calls it."""
    return keras.layers.Conv2D(filters, size, strides, use_bias=False, kernel_initializer="he_normal", name=name)


def torch_normalization(name: str) -> keras.layers.BatchNormalization:
    """Makes a batch normalisation with PyTorch's constants."""
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)


def convolve_padded(convolution: keras.layers.Conv2D, maps: KerasTensor) -> KerasTensor:
    """Pads alike on all sides, as PyTorch does; "same" pads unlike where the stride is 2."""
    size = convolution.kernel_size[0] // 2
    return convolution(ops.pad(maps, ((0, 0), (size, size), (size, size), (0, 0))) if size else maps)
