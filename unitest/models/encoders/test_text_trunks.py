"""The three networks on tokens: padding, texts without tokens, saving, training, arguments; BERT's names."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import BiLSTMTrunk, TextTransformerTrunk, WordAverageTrunk

RANDOM = np.random.default_rng(0)
SIZES = {"vocabulary_size": 30, "max_tokens": 12, "embedding_dim": 8, "depth": 2, "num_heads": 2, "hidden_dim": 16}
LSTM_SIZES = {"vocabulary_size": 30, "token_dim": 6, "units": 4, "embedding_dim": 8}


def transformer(**more) -> TextTransformerTrunk:
    return spread(TextTransformerTrunk(**SIZES | more))


def bi_lstm(**more) -> BiLSTMTrunk:
    return spread(BiLSTMTrunk(**LSTM_SIZES | more))


def spread(trunk: keras.Model) -> keras.Model:
    """Gives all weights values that tell one input from another."""
    random = np.random.default_rng(1)
    for weight in trunk.weights:
        if weight.dtype == "float32":
            weight.assign(random.normal(0, 0.5, weight.shape))
    return trunk


TRUNKS = {
    "transformer": transformer,
    "transformer max": lambda: transformer(pooling="max", normalize=False),
    "transformer cls": lambda: transformer(pooling="cls", output_dim=8, output_activation="tanh"),
    "distilbert": lambda: transformer(num_token_types=0, activation="relu"),
    "roberta": lambda: transformer(num_token_types=1, position_offset=2),
    "bi-lstm": bi_lstm,
    "bi-lstm mean": lambda: bi_lstm(pooling="mean", num_layers=2, normalize=False),
    "bi-lstm last": lambda: bi_lstm(pooling="last", train_words=False),
    "word average": lambda: spread(WordAverageTrunk(30, 8)),
}


@pytest.fixture(params=TRUNKS)
def trunk(request) -> keras.Model:
    return TRUNKS[request.param]()


@pytest.fixture
def batch() -> dict:
    lengths = RANDOM.integers(1, 11, 64).astype("int32")
    lengths[:2] = 10, 0
    return {"tokens": RANDOM.integers(0, 30, (64, 10)).astype("int32"), "lengths": lengths}


def test_a_text_alone_and_in_a_batch(trunk, batch):
    together = ops.convert_to_numpy(trunk(batch))
    assert together.shape == (64, trunk.embedding_dim)
    assert trunk.compute_output_shape({"tokens": (64, 10), "lengths": (64,)}) == together.shape
    assert together.dtype == np.float32
    other = batch["tokens"].copy()
    for row, length in zip(other, batch["lengths"], strict=True):
        row[length:] = 29 - row[length:]
    spoilt = ops.convert_to_numpy(trunk({"tokens": other, "lengths": batch["lengths"]}))
    np.testing.assert_allclose(spoilt, together, atol=1e-5)
    for item in (0, 2, 3, 40):
        length = batch["lengths"][item]
        alone = trunk(batch["tokens"][item : item + 1, :length])
        np.testing.assert_allclose(ops.convert_to_numpy(alone)[0], together[item], atol=1e-5)


def test_a_text_without_tokens_is_zero(trunk):
    empty = {"tokens": np.zeros((2, 1), "int32"), "lengths": np.zeros(2, "int32")}
    np.testing.assert_array_equal(ops.convert_to_numpy(trunk(empty)), 0)


def test_trained_and_saved(trunk, batch, tmp_path):
    if not trunk.trainable_weights:
        trunk = WordAverageTrunk(30, 8, train_words=True)
    trunk.compile("adam", "mse")
    before = trunk.predict(batch, verbose=0)
    trunk.fit(batch, np.full((64, 8), 0.3, "float32"), epochs=2, verbose=0)
    after = trunk.predict(batch, verbose=0)
    assert np.isfinite(after).all()
    assert np.abs(after - before).max() > 1e-6
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(batch, verbose=0), after, atol=1e-6)


def test_shapes_without_values(trunk):
    inputs = {"tokens": keras.KerasTensor((None, None), "int32"), "lengths": keras.KerasTensor((None,), "int32")}
    assert trunk(inputs).shape == (None, 8)


def test_half_precision(batch):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        for make in (lambda: TextTransformerTrunk(**SIZES), lambda: BiLSTMTrunk(**LSTM_SIZES)):
            outputs = make()(batch)
            assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
            assert np.isfinite(ops.convert_to_numpy(outputs)).all()
    finally:
        keras.config.set_dtype_policy(before)


def test_words_that_are_not_trained(batch):
    trunk = BiLSTMTrunk(**LSTM_SIZES, train_words=False)
    assert all(weight is not trunk.words for weight in trunk.trainable_weights)
    assert not WordAverageTrunk(30, 8).trainable_weights


def test_backward_lstm_begins_at_the_last_real_token(batch):
    trunk = bi_lstm(pooling="last", normalize=False)
    words = ops.convert_to_numpy(trunk.words)
    kernel, bias = trunk.projection.get_weights()
    for item in range(2, 6):
        tokens = batch["tokens"][item, : batch["lengths"][item]]
        ahead = ops.convert_to_numpy(trunk.forward_layers[0](words[tokens][None]))[0, -1]
        back = ops.convert_to_numpy(trunk.backward_layers[0](words[tokens[::-1]][None]))[0, -1]
        expected = np.concatenate([ahead, back]) @ kernel + bias
        np.testing.assert_allclose(ops.convert_to_numpy(trunk(batch))[item], expected, atol=1e-5)


def test_word_average_against_loops(batch):
    trunk = TRUNKS["word average"]()
    words = ops.convert_to_numpy(trunk.words)
    outputs = ops.convert_to_numpy(trunk(batch))
    for tokens, length, output in zip(*batch.values(), outputs, strict=True):
        mean = sum((words[token] for token in tokens[:length]), np.zeros(8)) / max(1, length)
        np.testing.assert_allclose(output, mean, atol=1e-5)


def test_names_of_bert():
    trunk = transformer(output_dim=5)
    names = [name for weight in trunk.torch_weights() for name in weight.names]
    assert len(names) == len(set(names)) == 5 + 2 * 16 + 2
    assert {"embeddings.token_type_embeddings.weight", "encoder.layer.1.attention.self.key.bias"} < set(names)
    state = {
        name: RANDOM.normal(size=weight.shape).astype("float32")
        for weight in trunk.torch_weights()
        for name in weight.names
    }
    load_state(trunk, state)
    kernel = ops.convert_to_numpy(trunk.blocks[1].attention.qkv.kernel)
    parts = [state[f"encoder.layer.1.attention.self.{part}.weight"] for part in ("query", "key", "value")]
    np.testing.assert_array_equal(kernel, np.concatenate(parts).T)
    assert all(weight is not None for weight in trunk.weights)


def test_arguments():
    with pytest.raises(ValueError, match=r"`pooling` must be one of mean, max, cls\. Received: pooling='last'"):
        transformer(pooling="last")
    with pytest.raises(ValueError, match=r"`depth`.* must be positive\. Received: depth=0, output_dim=None"):
        transformer(depth=0)
    with pytest.raises(ValueError, match=r"`pooling` must be one of mean, max, cls, last\. Received: pooling='sum'"):
        bi_lstm(pooling="sum")
    with pytest.raises(ValueError, match=r"`units` must be positive\. Received: units=0"):
        bi_lstm(units=0)
    with pytest.raises(ValueError, match=r"`embedding_dim` must be positive\. Received: embedding_dim=0"):
        WordAverageTrunk(30, 0)
    with pytest.raises(ValueError, match=r"There must be at most 12 tokens\. Received: 13"):
        transformer()(np.zeros((1, 13), "int32"))
