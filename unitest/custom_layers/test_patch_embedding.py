"""Patches: the same by a matrix as by a convolution, cut and joined, sizes that do not fit."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import PatchEmbedding
from comparators.custom_layers.patch_embedding import cut_patches, join_patches


def by_loops(images, layer):
    """The projection of each patch, one by one."""
    (down, right), (high, wide) = layer.stride, layer.patch_size
    kernel, bias = layer.get_weights()
    tokens = [
        images[:, row : row + high, column : column + wide].reshape(len(images), -1) @ kernel + bias
        for row in range(0, images.shape[1] - high + 1, down)
        for column in range(0, images.shape[2] - wide + 1, right)
    ]
    return np.stack(tokens, axis=1)


@pytest.mark.parametrize("stride", [None, (4, 6), (3, 2)])
def test_tokens_are_the_patches_row_by_row(stride, random):
    layer = PatchEmbedding(5, (4, 6), stride)
    images = random.normal(size=(2, 8, 18, 3)).astype("float32")
    tokens = ops.convert_to_numpy(layer(images))
    np.testing.assert_allclose(tokens, by_loops(images, layer), atol=1e-4)
    assert tokens.shape[1] == np.prod(layer.grid_of(8, 18))


def test_grid_of_published_networks():
    assert PatchEmbedding(8).grid_of(224, 224) == (14, 14)  # 196 patches; `int(224 // 16) ^ 2` is 12
    assert PatchEmbedding(8).grid_of(128, 1024) == (8, 64)
    assert PatchEmbedding(8, stride=(10, 10)).grid_of(128, 512) == (12, 50)


def test_patches_are_joined_again(random):
    images = random.normal(size=(2, 6, 8, 3)).astype("float32")
    patches = cut_patches(ops.convert_to_tensor(images), (3, 2))
    np.testing.assert_array_equal(ops.convert_to_numpy(patches)[0, 5], images[0, 3:6, 2:4].reshape(-1))
    np.testing.assert_array_equal(ops.convert_to_numpy(join_patches(patches, (2, 4), (3, 2))), images)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    images = random.normal(size=(2, 8, 12, 3)).astype("float32")
    check_layer(PatchEmbedding(5, (4, 4)), images, output_shape=(2, 6, 5))
    check_layer(PatchEmbedding(5, (4, 4), stride=(2, 2)), images, output_shape=(2, 15, 5))


@pytest.mark.parametrize("stride", [None, (2, 2)])
def test_without_bias(check_layer, stride, random):
    layer = PatchEmbedding(5, (4, 4), stride, use_bias=False)
    images = random.normal(size=(2, 8, 8, 3)).astype("float32")
    tokens = check_layer(layer, images)
    assert len(layer.weights) == 1
    with_bias = PatchEmbedding(5, (4, 4), stride)
    with_bias.build(images.shape)
    with_bias.kernel.assign(layer.kernel)
    np.testing.assert_allclose(ops.convert_to_numpy(with_bias(images)), tokens, atol=1e-6)


def test_sizes_that_patches_do_not_fill():
    with pytest.raises(
        ValueError, match=r"width .*frames\) must be a multiple of the patch's, 16. Received: 1000\. Pad to 1008"
    ):
        PatchEmbedding(8)(ops.zeros((1, 128, 1000, 1)))
    with pytest.raises(ValueError, match=r"height .*mel bands\) must be at least one patch, 16. Received: 8"):
        PatchEmbedding(8, stride=(10, 10))(ops.zeros((1, 8, 64, 1)))
    with pytest.raises(ValueError, match=r"Received: 30\. Pad to 32 or cut to 16\.$"):
        PatchEmbedding(8).grid_of(30, 30)
    with pytest.raises(ValueError, match=r"must be positive. Received: embedding_dim=0"):
        PatchEmbedding(0)
