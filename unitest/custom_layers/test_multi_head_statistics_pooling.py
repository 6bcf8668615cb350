"""Pooling under several weightings: against loops over items and heads, lengths, errors."""

import re

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import MultiHeadStatisticsPooling


@pytest.fixture
def frames():
    return np.random.default_rng(0).normal(size=(3, 12, 5)).astype("float32")


def test_layer(check_layer, frames):
    check_layer(MultiHeadStatisticsPooling(2, 4), frames, np.array([12, 7, 1], "int32"), output_shape=(3, 20))


def test_against_loops(frames):
    layer = MultiHeadStatisticsPooling(num_heads=3, attention_units=4)
    lengths = np.array([12, 7, 2], "int32")
    pooled = ops.convert_to_numpy(layer(frames, lengths=lengths))
    hidden, hidden_bias, scores, scores_bias = layer.get_weights()
    for row, item, length in zip(pooled, frames, lengths, strict=True):
        expected = []
        for head in range(3):
            score = np.tanh(item[:length] @ hidden + hidden_bias) @ scores[:, head] + scores_bias[head]
            weights = np.exp(score) / np.exp(score).sum()
            mean = weights @ item[:length]
            expected += [mean, np.sqrt(np.maximum(weights @ (item[:length] - mean) ** 2, layer.epsilon))]
        np.testing.assert_allclose(row, np.concatenate(expected), atol=1e-4)


def test_bad_argument():
    with pytest.raises(ValueError, match=re.escape("`num_heads` must be positive. Received: num_heads=0.")):
        MultiHeadStatisticsPooling(num_heads=0)
