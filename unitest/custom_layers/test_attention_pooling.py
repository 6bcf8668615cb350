"""Pooling by attention: against plain loops, the rules of layers, wrong sizes."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import AttentionPooling


def by_loops(maps, layer):
    """One picture, one head at a time."""
    positions, *rest = (ops.convert_to_numpy(weight) for weight in layer.weights)
    query, key, value, projection = (rest[index : index + 2] for index in range(0, 8, 2))
    channels = maps.shape[-1]
    width = channels // layer.num_heads
    rows = []
    for picture in maps:
        places = picture.reshape(-1, channels)
        tokens = np.concatenate([places.mean(axis=0, keepdims=True), places]) + positions
        heads = []
        for head in range(layer.num_heads):
            part = slice(head * width, (head + 1) * width)
            q = (tokens[0] @ query[0] + query[1])[part]
            keys, values = (tokens @ key[0] + key[1])[:, part], (tokens @ value[0] + value[1])[:, part]
            powers = np.exp(keys @ q / np.sqrt(width))
            heads.append(powers / powers.sum() @ values)
        rows.append(np.concatenate(heads) @ projection[0] + projection[1])
    return np.stack(rows)


def test_values(random):
    maps = random.normal(size=(3, 2, 4, 6)).astype("float32")
    layer = AttentionPooling(5, num_heads=3)
    layer.build(maps.shape)
    for weight in layer.weights:
        weight.assign(random.normal(size=weight.shape).astype("float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(layer(maps)), by_loops(maps, layer), rtol=1e-4, atol=1e-4)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    check_layer(
        AttentionPooling(5, num_heads=2), random.normal(size=(3, 2, 4, 6)).astype("float32"), output_shape=(3, 5)
    )


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"must be positive. Received: units=0, num_heads=2"):
        AttentionPooling(0, 2)
    with pytest.raises(ValueError, match=r"must divide the map's channels, 6. Received: num_heads=4"):
        AttentionPooling(3, 4)(ops.ones((1, 2, 2, 6)))
    layer = AttentionPooling(3, 2)
    layer(ops.ones((1, 2, 2, 6)))
    with pytest.raises(ValueError, match=r"size \(2, 2\). Received: \(3, 3\)"):
        layer(ops.ones((1, 3, 3, 6)))
