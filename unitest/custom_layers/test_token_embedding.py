"""Words, places, kinds and their normalisation, against plain loops; pooling over real tokens."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import TokenEmbedding, pool_tokens

RANDOM = np.random.default_rng(0)


def embedded(layer: TokenEmbedding, tokens: np.ndarray) -> np.ndarray:
    words, positions = (ops.convert_to_numpy(table) for table in (layer.words, layer.positions))
    gamma, beta = (ops.convert_to_numpy(weight) for weight in (layer.norm.gamma, layer.norm.beta))
    rows = np.zeros((*tokens.shape, layer.embedding_dim))
    for item, row in enumerate(tokens):
        for place, token in enumerate(row):
            vector = words[token] + positions[place + layer.position_offset]
            if layer.types is not None:
                vector = vector + ops.convert_to_numpy(layer.types)[0]
            rows[item, place] = (vector - vector.mean()) / np.sqrt(vector.var() + layer.epsilon) * gamma + beta
    return rows


@pytest.mark.parametrize(("types", "offset"), [(2, 0), (1, 2), (0, 0)])
def test_against_loops(types, offset):
    layer = TokenEmbedding(20, 6, 8, num_token_types=types, position_offset=offset, epsilon=1e-5)
    tokens = RANDOM.integers(0, 20, (3, 5))
    layer(tokens)
    for weight in layer.weights:
        weight.assign(RANDOM.normal(size=weight.shape))
    assert layer.positions.shape == (6 + offset, 8)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(tokens)), embedded(layer, tokens), atol=1e-5)


def test_layer(check_layer):
    tokens = RANDOM.integers(0, 20, (3, 5)).astype("float32")
    check_layer(TokenEmbedding(20, 6, 8, epsilon=1e-5), tokens, output_shape=(3, 5, 8))
    check_layer(TokenEmbedding(20, 6, 8, dropout=0.5), tokens, training=True)


def test_more_tokens_than_places():
    with pytest.raises(ValueError, match=r"There must be at most 4 tokens\. Received: 5\. Cut the texts"):
        TokenEmbedding(20, 4, 8)(np.zeros((2, 5), "int32"))


@pytest.mark.parametrize("argument", ["vocabulary_size", "max_tokens", "embedding_dim"])
def test_sizes_are_positive(argument):
    sizes = {"vocabulary_size": 5, "max_tokens": 5, "embedding_dim": 5}
    with pytest.raises(ValueError, match=rf"`{argument}` must be positive\. Received: {argument}=0"):
        TokenEmbedding(**sizes | {argument: 0})
    with pytest.raises(ValueError, match=r"`position_offset` must not be negative\. Received: position_offset=-1"):
        TokenEmbedding(5, 5, 5, position_offset=-1)


@pytest.mark.parametrize("pooling", ["mean", "max", "cls"])
def test_pooling_sees_real_tokens_alone(pooling, gradients):
    vectors = RANDOM.normal(size=(4, 5, 3)).astype("float32")
    lengths = np.array([5, 2, 1, 0])
    spoilt = vectors.copy()
    expected = np.zeros((4, 3))
    for item, length in enumerate(lengths):
        spoilt[item, length:] = np.nan if pooling == "mean" else 1e4
        if length:
            real = vectors[item, :length]
            expected[item] = {"mean": real.mean(axis=0), "max": real.max(axis=0), "cls": real[0]}[pooling]
    if pooling == "cls":
        spoilt[3] = vectors[3]
    np.testing.assert_allclose(ops.convert_to_numpy(pool_tokens(spoilt, lengths, pooling)), expected, atol=1e-6)
    whole = ops.convert_to_numpy(pool_tokens(vectors, None, pooling))
    np.testing.assert_allclose(whole, pool_tokens(vectors, np.full(4, 5), pooling), atol=1e-6)
    (gradient,) = gradients(lambda values: ops.sum(pool_tokens(values, ops.array(lengths), pooling)), vectors)
    assert np.isfinite(gradient).all()
    assert (gradient[3] == 0).all()


def test_pooling_refuses():
    with pytest.raises(ValueError, match=r"`pooling` must be one of mean, max, cls\. Received: pooling='sum'"):
        pool_tokens(np.ones((1, 2, 3)), None, "sum")
