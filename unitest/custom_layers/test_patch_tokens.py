"""Tokens of a modality: some of them are those of all, and pictures of another shape."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import PatchTokens


def test_visible_tokens_are_those_of_all(random):
    layer = PatchTokens((8, 12, 3), 16, (4, 4))
    images = random.normal(size=(2, 8, 12, 3)).astype("float32")
    places = np.array([[5, 0], [3, 1]], "int32")
    every, some = ops.convert_to_numpy(layer(images)), ops.convert_to_numpy(layer(images, visible=places))
    np.testing.assert_allclose(some, np.take_along_axis(every, places[..., None], axis=1), atol=1e-5)


@pytest.mark.parametrize("trained", [True, False])
def test_layer_keeps_the_rules_of_layers(trained, random):
    layer = PatchTokens((8, 12, 3), 16, (4, 4), trainable_positions=trained)
    layer.build()
    assert len(layer.trainable_weights) == (4 if trained else 3)
    assert PatchTokens.from_config(layer.get_config()).get_config() == layer.get_config()


def test_pictures_of_another_shape():
    with pytest.raises(ValueError, match=r"Inputs must be \(8, 12, 3\).*Received: \(8, 12, 1\)"):
        PatchTokens((8, 12, 3), 16, (4, 4))(ops.zeros((1, 8, 12, 1)))
