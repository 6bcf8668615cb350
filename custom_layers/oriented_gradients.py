"""Where edges run in an image, and which way: without any training."""

import math

import keras
import numpy as np
from keras import KerasTensor, ops

# Widths of the Gaussians: of the derivative in pixels, just wide enough to be even in all directions; of the pooling in
# cells, so that neighbouring cells overlap and a shift by a pixel changes little.
_DERIVATIVE_WIDTH, _POOLING_WIDTH = 0.9, 0.6
_DERIVATIVE_REACH = 3
# The response of a filter falls with this power of the cosine between its direction and the edge's.
_SHARPNESS = 4
_EPSILON = 1e-4


@keras.saving.register_keras_serializable("comparators")
class OrientedGradients(keras.layers.Layer):
    """Describes an image by how strong its edges are in each cell of a grid and in each direction.

    A front end of `PixelEncoder` for small drawings and pictures of single things. The roots of the pixels are compared
    with their neighbours, so that dark parts count too; the strengths of the edges are shared out among directions
    (dark to light and light to dark are one), pooled over overlapping cells, and their roots taken, so that a few
    strong edges do not outweigh all others. Nothing is learnt. It computes in float32 under any dtype policy.

    Args:
        num_orientations: directions, evenly over a half turn.
        cell_size: pixels from one cell to the next.

    Call arguments:
        inputs: pixels `(batch, height, width, channels)`, uint8 or floats in 0..255; the mean of the channels counts.

    Returns:
        float32 `(batch, ceil(height / cell_size), ceil(width / cell_size), num_orientations)`.

    Raises:
        ValueError: an argument is not positive.

    Example:
        >>> image = np.zeros((1, 8, 8, 1), "uint8")
        >>> image[:, :, 4:] = 255  # an upright edge
        >>> maps = OrientedGradients(num_orientations=2, cell_size=4)(image)
        >>> tuple(maps.shape), bool(maps[0, 0, 0, 0] > 3 * maps[0, 0, 0, 1])
        ((1, 2, 2, 2), True)

    Reference:
        Dalal and Triggs 2005, Histograms of oriented gradients for human detection; Freeman and Adelson 1991, The
        design and use of steerable filters.
    """

    def __init__(self, num_orientations: int = 8, cell_size: int = 4, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        for name, value in {"num_orientations": num_orientations, "cell_size": cell_size}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        self.num_orientations = num_orientations
        self.cell_size = cell_size

    def build(self, input_shape: tuple) -> None:
        steps = np.arange(-_DERIVATIVE_REACH, _DERIVATIVE_REACH + 1)
        bell = np.exp(-np.square(steps) / (2 * _DERIVATIVE_WIDTH**2))
        across = np.outer(bell, steps * bell)
        across /= np.sum(across * steps)  # a slope of 1 gives 1
        angles = np.pi * np.arange(self.num_orientations) / self.num_orientations
        self._derivatives = np.stack([across, across.T], axis=-1)[:, :, None].astype("float32")
        self._directions = np.stack([np.cos(angles), np.sin(angles)]).astype("float32")
        # With this many rows beyond the cell on each side, padding "same" puts every window on the middle of its cell.
        reach = math.ceil(2 * _POOLING_WIDTH * self.cell_size)
        places = np.arange(self.cell_size + 2 * reach) - (self.cell_size + 2 * reach - 1) / 2
        window = np.exp(-np.square(places / (_POOLING_WIDTH * self.cell_size)) / 2)
        window = np.outer(window, window) / window.sum() ** 2
        self._window = np.repeat(window[:, :, None, None], self.num_orientations, axis=2).astype("float32")

    def call(self, inputs: KerasTensor) -> KerasTensor:
        grey = ops.mean(ops.cast(inputs, "float32"), axis=-1, keepdims=True) / 255.0
        slopes = ops.conv(ops.sqrt(ops.maximum(grey, 0.0)), self._derivatives, padding="same")
        strength = ops.sqrt(ops.sum(ops.square(slopes), axis=-1, keepdims=True) + _EPSILON**2)
        cosines = ops.matmul(slopes / strength, self._directions)
        edges = strength * ops.power(ops.square(cosines), _SHARPNESS // 2)
        return ops.sqrt(ops.depthwise_conv(edges, self._window, self.cell_size, padding="same") + _EPSILON)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, *sizes, _ = input_shape
        sizes = [None if size is None else -(-size // self.cell_size) for size in sizes]
        return (batch, *sizes, self.num_orientations)

    def get_config(self) -> dict:
        return super().get_config() | {"num_orientations": self.num_orientations, "cell_size": self.cell_size}
