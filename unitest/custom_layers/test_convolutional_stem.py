"""The stem: shapes, training statistics, saving, errors."""

import numpy as np
import pytest

from comparators.custom_layers import ConvolutionalStem


def test_layer(check_layer, random):
    pictures = random.normal(size=(2, 33, 20, 1)).astype("float32")
    check_layer(ConvolutionalStem((4, 6)), pictures, output_shape=(2, 9, 5, 6))


def test_the_batch_is_normalised_in_training(random):
    layer = ConvolutionalStem((4,))
    pictures = 5 + 3 * random.normal(size=(8, 32, 32, 1)).astype("float32")
    planes = np.asarray(layer(pictures, training=True))
    # ReLU of a standard normal value has the mean 0.4.
    np.testing.assert_allclose(planes.mean(), 0.4, atol=0.1)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`channels` must be positive numbers of filters. Received: channels=\(\)"):
        ConvolutionalStem(())
