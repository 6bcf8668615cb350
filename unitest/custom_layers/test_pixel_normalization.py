import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import PixelNormalization

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 3)).astype("float32")


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe", "none"])
def test_layer(check_layer, mode):
    outputs = check_layer(PixelNormalization(mode), PIXELS, output_shape=PIXELS.shape)
    expected = (
        PIXELS if mode == "none" else keras.applications.imagenet_utils.preprocess_input(PIXELS.copy(), mode=mode)
    )
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    np.testing.assert_allclose(
        ops.convert_to_numpy(PixelNormalization(mode)(PIXELS.astype("uint8"))), outputs, atol=1e-4
    )


@pytest.mark.parametrize("mode", ["tf", "torch", "clip", "caffe", "none"])
def test_undone_images_are_the_pixels(mode):
    layer = PixelNormalization(mode)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.undo(layer(PIXELS))), PIXELS, atol=1e-3)


def test_colours_of_clip(check_layer):
    mean, deviation = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    outputs = check_layer(PixelNormalization("clip"), PIXELS, output_shape=PIXELS.shape)
    np.testing.assert_allclose(outputs, (PIXELS / 255 - mean) / deviation, atol=1e-5)


def test_grey_pixels_are_rescaled():
    grey = ops.convert_to_numpy(PixelNormalization("tf")(PIXELS[..., :1]))
    np.testing.assert_allclose(grey, PIXELS[..., :1] / 127.5 - 1, atol=1e-6)


def test_unknown_mode():
    with pytest.raises(ValueError, match=r"one of tf, torch, clip, caffe, none\. Received: mode='keras'"):
        PixelNormalization("keras")
