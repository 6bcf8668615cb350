"""From pixels to what a network was trained on."""

import keras
import numpy as np
from keras import KerasTensor, ops

MODES = ("tf", "torch", "clip", "caffe", "none")
# Of the photographs of ImageNet, red, green, blue; "torch" in parts of 255, "caffe" in pixels.
_TORCH_MEAN, _TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Of the pictures that CLIP was trained on.
_CLIP_MEAN, _CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_CAFFE_MEAN = (123.68, 116.779, 103.939)


@keras.saving.register_keras_serializable("comparators")
class PixelNormalization(keras.layers.Layer):
    """Rescales pixels as one of the `preprocess_input` functions of `keras.applications` does, or as CLIP does.

    The front end of an encoder with such a backbone: as a layer it is saved with the model.

    Args:
        mode: `"tf"` (to -1..1), `"torch"` (each colour to mean 0 and deviation 1 on ImageNet), `"clip"` (the same, on
            CLIP's pictures), `"caffe"` (blue, green, red, each less its mean on ImageNet), or `"none"` where the
            backbone rescales inside.

    Call arguments:
        inputs: pixels `(batch, height, width, channels)`, uint8 or floats in 0..255; 3 channels but for `"tf"` and
            `"none"`.

    Returns:
        `(batch, height, width, channels)` in the layer's compute dtype.

    Raises:
        ValueError: the mode is unknown.

    Example:
        >>> ops.convert_to_numpy(PixelNormalization("tf")(ops.array([0, 255]))).tolist()
        [-1.0, 1.0]
    """

    def __init__(self, mode: str, **kwargs):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"`mode` must be one of {', '.join(MODES)}. Received: mode={mode!r}.")
        self.mode = mode

    def call(self, inputs: KerasTensor) -> KerasTensor:
        pixels = ops.cast(inputs, "float32")
        if self.mode == "tf":
            pixels = pixels / 127.5 - 1.0
        elif self.mode == "torch":
            pixels = _standardized(pixels, _TORCH_MEAN, _TORCH_DEVIATION)
        elif self.mode == "clip":
            pixels = _standardized(pixels, _CLIP_MEAN, _CLIP_DEVIATION)
        elif self.mode == "caffe":
            pixels = ops.flip(pixels - np.array(_CAFFE_MEAN, "float32"), axis=-1)
        return ops.cast(pixels, self.compute_dtype)

    def undo(self, images: KerasTensor) -> KerasTensor:
        """Returns the pixels of normalised images, float32 in 0..255 but for what a network made up, for pictures."""
        images = ops.cast(images, "float32")
        if self.mode == "tf":
            return (images + 1.0) * 127.5
        if self.mode == "torch":
            return _pixels(images, _TORCH_MEAN, _TORCH_DEVIATION)
        if self.mode == "clip":
            return _pixels(images, _CLIP_MEAN, _CLIP_DEVIATION)
        if self.mode == "caffe":
            return ops.flip(images, axis=-1) + np.array(_CAFFE_MEAN, "float32")
        return images

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"mode": self.mode}


def _standardized(pixels: KerasTensor, mean: tuple, deviation: tuple) -> KerasTensor:
    return (pixels / 255.0 - np.array(mean, "float32")) / np.array(deviation, "float32")


def _pixels(images: KerasTensor, mean: tuple, deviation: tuple) -> KerasTensor:
    return (images * np.array(deviation, "float32") + np.array(mean, "float32")) * 255.0
