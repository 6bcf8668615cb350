"""The front end of drawings: how much ink there is, with its centre in the middle of the picture."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.random_affine import resample


@keras.saving.register_keras_serializable("comparators")
class CenteredInk(keras.layers.Layer):
    """Turns dark strokes on white into ink from 0 to 1, and moves its centre of mass to the middle of the picture.

    Where on the paper a character stands tells nothing about it, and a network that need not learn this does with less
    data. With `spread` all drawings are also brought to one size. What comes to lie outside of the picture is lost; a
    picture without any ink stays as it is. Where the result is to be smaller (`size`), small drawings are enlarged from
    the pixels that there are, and keep their details.

    Args:
        size: `(height, width)` of the result; None keeps that of the input.
        spread: root of the mean squared distance of the ink from its centre, as a share of the picture's smaller side,
            such as 0.25; None keeps the sizes.
        max_scale: with `spread`, sizes change by this factor at most, either way.

    Call arguments:
        inputs: pixels in 0..255, 255 where nothing is drawn, `(batch, height, width, channels)`.

    Returns:
        Ink, float32 `(batch, height, width, channels)` in 0..1, 0 where nothing is drawn.

    Raises:
        ValueError: `spread` is not positive, or `max_scale` is below 1.

    Example:
        >>> pixels = ops.array([[0.0, 255.0, 255.0]])[None, ..., None]
        >>> ops.convert_to_numpy(CenteredInk()(pixels)).ravel()
        array([0., 1., 0.], dtype=float32)

    Reference:
        Casey 1970, Moment normalization of handprinted characters.
    """

    def __init__(
        self, size: Sequence[int] | None = None, spread: float | None = None, max_scale: float = 1.5, **kwargs
    ):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        if spread is not None and not spread > 0:
            raise ValueError(f"`spread` must be positive, or None. Received: spread={spread}.")
        if max_scale < 1:
            raise ValueError(f"`max_scale` must be at least 1. Received: max_scale={max_scale}.")
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(f"`size` must be (height, width), or None. Received: size={size}.")
        self.size = None if size is None else tuple(int(pixels) for pixels in size)
        self.spread = spread
        self.max_scale = float(max_scale)

    def call(self, inputs: KerasTensor) -> KerasTensor:
        ink = 1.0 - ops.cast(inputs, "float32") / 255.0
        height, width = ink.shape[1:3]
        new_height, new_width = self.size or (height, width)
        rows, columns = _offsets(height)[:, None], _offsets(width)
        weights = ops.mean(ink, axis=-1)
        weights = weights / ops.maximum(ops.sum(weights, axis=(1, 2), keepdims=True), 1e-6)
        row, column = (ops.sum(weights * place, axis=(1, 2), keepdims=True) for place in (rows, columns))
        scale = self._scale(weights, rows - row, columns - column, min(height, width))
        new_rows = row + (height - 1) / 2 + _offsets(new_height)[:, None] * scale * (height / new_height)
        new_columns = column + (width - 1) / 2 + _offsets(new_width) * scale * (width / new_width)
        return resample(ink, new_rows, new_columns, fill_value=0.0)

    def _scale(self, weights: KerasTensor, rows: KerasTensor, columns: KerasTensor, size: int) -> KerasTensor:
        """Returns how many pixels of the drawing become one, `(batch, 1, 1)`."""
        if self.spread is None:
            return ops.ones_like(weights[:, :1, :1])
        squares = ops.sum(weights * (rows**2 + columns**2), axis=(1, 2), keepdims=True)
        ratio = ops.sqrt(ops.maximum(squares, 1e-6)) / (self.spread * size)
        ratio = ops.where(squares > 0, ratio, 1.0)
        return ops.clip(ratio, 1 / self.max_scale, self.max_scale)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], *(self.size or input_shape[1:3]), input_shape[-1])

    def get_config(self) -> dict:
        return super().get_config() | {"size": self.size, "spread": self.spread, "max_scale": self.max_scale}


def _offsets(count: int) -> KerasTensor:
    """Returns how far each pixel is from the middle, `(count,)`."""
    return ops.arange(count, dtype="float32") - (count - 1) / 2
