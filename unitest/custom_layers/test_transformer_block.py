"""Attention and the block: against plain loops, norms by name, masks, and arguments that make no sense."""

import math

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import SelfAttention, TransformerBlock


def attended(tokens, layer):
    """Attention of one item, head by head, token by token."""
    weights = [ops.convert_to_numpy(weight) for weight in (layer.qkv.kernel, layer.qkv.bias)]
    queries, keys, values = np.split(tokens @ weights[0] + weights[1], 3, axis=-1)
    size, heads = layer.head_dim, []
    for head in range(layer.num_heads):
        own = slice(head * size, (head + 1) * size)
        scores = np.exp(queries[:, own] @ keys[:, own].T / math.sqrt(size))
        heads.append(scores / scores.sum(axis=1, keepdims=True) @ values[:, own])
    kernel, bias = layer.projection.get_weights()
    return np.concatenate(heads, axis=1) @ kernel + bias


def normalized(tokens, layer):
    centered = tokens - tokens.mean(axis=-1, keepdims=True)
    gamma, beta = (ops.convert_to_numpy(weight) for weight in (layer.gamma, layer.beta))
    return centered / np.sqrt(centered.var(axis=-1, keepdims=True) + 1e-5) * gamma + beta


def spread(layer, random):
    """Weights of which none is 0 or 1."""
    layer.set_weights([random.normal(size=weight.shape).astype("float32") * 0.5 for weight in layer.get_weights()])


@pytest.mark.parametrize("norm", ["joint", "audio"])
def test_block_is_attention_and_a_small_network(norm, random):
    block = TransformerBlock(8, 2, hidden_dim=12, norms=("joint", "audio"), idle_norms=("visual",))
    tokens = random.normal(size=(2, 5, 8)).astype("float32")
    block(tokens)
    spread(block, random)
    outputs = ops.convert_to_numpy(block(tokens, norm=norm))
    for item, output in zip(tokens, outputs, strict=True):
        expected = item + attended(normalized(item, block.norm1[norm]), block.attention)
        hidden = normalized(expected, block.norm2[norm]) @ block.dense1.get_weights()[0] + block.dense1.get_weights()[1]
        erf = np.vectorize(math.erf)
        hidden = hidden / 2 * (1 + erf(hidden / math.sqrt(2)))  # exact, not the tanh form
        expected += hidden @ block.dense2.get_weights()[0] + block.dense2.get_weights()[1]
        np.testing.assert_allclose(output, expected, atol=1e-4)


GELU = np.vectorize(lambda value: value / 2 * (1 + math.erf(value / math.sqrt(2))))


def small_network(tokens, block, activation=GELU):
    kernel1, bias1, kernel2, bias2 = [*block.dense1.get_weights(), *block.dense2.get_weights()]
    return activation(tokens @ kernel1 + bias1) @ kernel2 + bias2


def test_post_norm_is_as_in_bert(random):
    block = TransformerBlock(8, 2, order="post")
    tokens = random.normal(size=(2, 5, 8)).astype("float32")
    block(tokens)
    spread(block, random)
    outputs = ops.convert_to_numpy(block(tokens))
    for item, output in zip(tokens, outputs, strict=True):
        middle = normalized(item + attended(item, block.attention), block.norm1["norm"])
        expected = normalized(middle + small_network(middle, block), block.norm2["norm"])
        np.testing.assert_allclose(output, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("quick_gelu", lambda x: x / (1 + np.exp(-1.702 * x))),
        ("tanh_gelu", lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        ("relu", lambda x: np.maximum(x, 0)),
    ],
)
def test_activations(name, function, random):
    block = TransformerBlock(8, 2, activation=name)
    tokens = random.normal(size=(1, 4, 8)).astype("float32")
    block(tokens)
    spread(block, random)
    middle = tokens[0] + attended(normalized(tokens[0], block.norm1["norm"]), block.attention)
    expected = middle + small_network(normalized(middle, block.norm2["norm"]), block, function)
    np.testing.assert_allclose(ops.convert_to_numpy(block(tokens))[0], expected, atol=1e-4)


@pytest.mark.parametrize("arguments", [{"order": "both"}, {"activation": "swish"}])
def test_orders_and_activations_are_known(arguments):
    (name, value), *_ = arguments.items()
    with pytest.raises(ValueError, match=f"`{name}` must be one of .* Received: {name}='{value}'"):
        TransformerBlock(8, 2, **arguments)


def test_causal_tokens_do_not_look_ahead(random):
    layer = SelfAttention(8, 2, causal=True)
    tokens = random.normal(size=(2, 6, 8)).astype("float32")
    outputs, weights = (ops.convert_to_numpy(part) for part in layer(tokens, return_attention=True))
    assert np.triu(weights, 1).max() == 0
    for count in range(1, 7):  # what comes later changes nothing
        np.testing.assert_allclose(ops.convert_to_numpy(layer(tokens[:, :count])), outputs[:, :count], atol=1e-5)
    first = ops.convert_to_numpy(layer(tokens, first=2))
    np.testing.assert_allclose(first, outputs[:, :2], atol=1e-5)


def test_the_first_tokens_alone_are_as_among_all(random):
    block = TransformerBlock(8, 2)
    tokens = random.normal(size=(2, 5, 8)).astype("float32")
    block(tokens)
    spread(block, random)
    mask = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 0]], bool)
    every, attention = (ops.convert_to_numpy(part) for part in block(tokens, mask=mask, return_attention=True))
    first, seen = (ops.convert_to_numpy(part) for part in block(tokens, mask=mask, return_attention=True, first=2))
    assert first.shape == (2, 2, 8)
    np.testing.assert_allclose(first, every[:, :2], atol=1e-5)
    np.testing.assert_allclose(seen, attention[:, :, :2], atol=1e-6)


def test_idle_norms_are_kept_and_not_trained():
    block = TransformerBlock(8, 2, norms=("joint",), idle_norms=("audio", "visual"))
    block.build((None, None, 8))
    assert len(block.weights) - len(block.trainable_weights) == 8
    block.trainable = True
    assert len(block.weights) - len(block.trainable_weights) == 8
    block.trainable = False
    assert not block.trainable_weights
    with pytest.raises(ValueError, match=r"`norm` must be one of \['joint'\]. Received: norm='audio'"):
        block(ops.zeros((1, 2, 8)), norm="audio")


def test_masked_tokens_are_not_looked_at(random):
    layer = SelfAttention(8, 2)
    tokens = random.normal(size=(1, 5, 8)).astype("float32")
    outputs, weights = layer(tokens, mask=np.array([[True, True, True, False, False]]), return_attention=True)
    alone = layer(tokens[:, :3])
    np.testing.assert_allclose(ops.convert_to_numpy(outputs)[:, :3], ops.convert_to_numpy(alone), atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(weights).sum(axis=-1), 1, atol=1e-5)
    assert not ops.convert_to_numpy(weights)[..., 3:].any()


def test_dropout_is_for_training(random):
    block = TransformerBlock(8, 2, dropout=0.5, attention_dropout=0.5)
    tokens = random.normal(size=(2, 5, 8)).astype("float32")
    still = ops.convert_to_numpy(block(tokens))
    np.testing.assert_array_equal(still, ops.convert_to_numpy(block(tokens, training=False)))
    assert np.abs(still - ops.convert_to_numpy(block(tokens, training=True))).max() > 0.01


def test_layers_keep_the_rules_of_layers(check_layer, random):
    tokens = random.normal(size=(2, 5, 8)).astype("float32")
    check_layer(SelfAttention(8, 2, qkv_bias=False), tokens, output_shape=(2, 5, 8))
    check_layer(TransformerBlock(8, 2, norms=("joint", "audio")), tokens, output_shape=(2, 5, 8))


def test_parameters_of_published_sizes():
    def counted(*arguments, **more):
        block = TransformerBlock(*arguments, **more)
        block.build((None, None, arguments[0]))
        return block.count_params()

    three = {"norms": ("joint", "audio", "visual")}
    assert counted(768, 12, **three) == 7_094_016
    assert 8 * counted(512, 16, **three) == 25_251_840
    assert counted(768, 6, qkv_bias=False) == 7_085_568 == counted(768, 8, qkv_bias=False)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"must be a multiple of `num_heads`. Received: embedding_dim=8, num_heads=3"):
        TransformerBlock(8, 3)
    with pytest.raises(ValueError, match=r"must be different names.*Received: norms=\['a'\], idle_norms=\['a'\]"):
        TransformerBlock(8, 2, norms=("a",), idle_norms=("a",))
