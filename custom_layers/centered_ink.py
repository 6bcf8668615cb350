"""The front end of drawings: how much ink there is, with its centre in the middle of the picture."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.random_affine import resample


@keras.saving.register_keras_serializable("comparators")
class CenteredInk(keras.layers.Layer):
    """Turns dark strokes on white into ink from 0 to 1, and moves its centre of mass to the middle of the picture.

    Where on the paper a character stands tells nothing about it, and a network that need not learn this does with less
    data. With `spread` all drawings are also brought to one size. What comes to lie outside of the picture is lost; a
    picture without any ink stays as it is.

    Args:
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

    def __init__(self, spread: float | None = None, max_scale: float = 1.5, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        if spread is not None and not spread > 0:
            raise ValueError(f"`spread` must be positive, or None. Received: spread={spread}.")
        if max_scale < 1:
            raise ValueError(f"`max_scale` must be at least 1. Received: max_scale={max_scale}.")
        self.spread = spread
        self.max_scale = float(max_scale)

    def call(self, inputs: KerasTensor) -> KerasTensor:
        ink = 1.0 - ops.cast(inputs, "float32") / 255.0
        _, height, width, _ = ops.shape(ink)
        rows = ops.arange(height, dtype="float32")[None, :, None] - (height - 1) / 2
        columns = ops.arange(width, dtype="float32")[None, None, :] - (width - 1) / 2
        weights = ops.mean(ink, axis=-1)
        weights = weights / ops.maximum(ops.sum(weights, axis=(1, 2), keepdims=True), 1e-6)
        row, column = (ops.sum(weights * place, axis=(1, 2), keepdims=True) for place in (rows, columns))
        scale = self._scale(weights, rows - row, columns - column, min(height, width))
        sources = row + rows * scale + (height - 1) / 2, column + columns * scale + (width - 1) / 2
        return resample(ink, *sources, fill_value=0.0)

    def _scale(self, weights: KerasTensor, rows: KerasTensor, columns: KerasTensor, size: int) -> KerasTensor:
        """Returns how many pixels of the drawing become one, `(batch, 1, 1)`."""
        if self.spread is None:
            return ops.ones_like(weights[:, :1, :1])
        squares = ops.sum(weights * (rows**2 + columns**2), axis=(1, 2), keepdims=True)
        ratio = ops.sqrt(ops.maximum(squares, 1e-6)) / (self.spread * size)
        ratio = ops.where(squares > 0, ratio, 1.0)
        return ops.clip(ratio, 1 / self.max_scale, self.max_scale)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"spread": self.spread, "max_scale": self.max_scale}
