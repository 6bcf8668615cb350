"""Directions of edges: drawings whose edges are known, turns, colours, shapes, errors."""

import re

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import OrientedGradients


def maps_of(layer, images):
    return ops.convert_to_numpy(layer(images))


def test_layer(check_layer):
    images = np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1)).astype("float32")
    check_layer(OrientedGradients(), images, output_shape=(3, 7, 7, 8))


def test_edges_are_seen_where_and_as_they_run():
    image = np.zeros((1, 24, 24, 1), "uint8")
    image[:, :, 12:] = 255
    maps = maps_of(OrientedGradients(num_orientations=4, cell_size=4), image)[0]
    inner = maps[1:-1]  # the picture's own border is an edge too
    assert (inner[:, 2:4].argmax(axis=-1) == 0).all()
    assert (inner[:, 2:4, 0] > 5 * inner[:, :1, 0]).all()


def test_a_turn_of_the_image_turns_the_maps():
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 1), dtype="uint8")
    layer = OrientedGradients(num_orientations=4, cell_size=4)
    maps, turned = maps_of(layer, image), maps_of(layer, np.rot90(image, axes=(1, 2)))
    expected = np.roll(np.rot90(maps, axes=(1, 2)), 2, axis=-1)
    np.testing.assert_allclose(turned, expected, atol=1e-4)


def test_dark_and_light_may_change_sides():
    image = np.zeros((1, 24, 24, 1), "uint8")
    image[:, :, 12:] = 255
    layer = OrientedGradients()
    inner = np.s_[:, 2:4, 2:4]  # away from the border of the picture, which is an edge too
    np.testing.assert_allclose(maps_of(layer, image)[inner], maps_of(layer, 255 - image)[inner], atol=1e-4)


def test_grey_in_three_channels_is_grey():
    image = np.random.default_rng(0).integers(0, 256, (2, 12, 15, 1), dtype="uint8")
    layer = OrientedGradients(cell_size=5)
    maps = maps_of(layer, image)
    assert maps.shape == (2, 3, 3, 8)
    np.testing.assert_allclose(maps_of(OrientedGradients(cell_size=5), image.repeat(3, axis=-1)), maps, atol=1e-5)


def test_bad_argument():
    with pytest.raises(ValueError, match=re.escape("`cell_size` must be positive. Received: cell_size=0.")):
        OrientedGradients(cell_size=0)
