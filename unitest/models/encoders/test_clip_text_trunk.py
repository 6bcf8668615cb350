"""CLIP's text transformer: which token is taken, padding, saving, training, bad input."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ClipTextTrunk

END = 19


def tiny(**arguments) -> ClipTextTrunk:
    sizes = {"vocabulary_size": 20, "max_tokens": 9, "width": 8, "depth": 2, "num_heads": 2, "embedding_dim": 5}
    return ClipTextTrunk(**sizes | arguments)


@pytest.fixture
def texts():
    random = np.random.default_rng(0)
    lengths = random.integers(1, 8, 64).astype("int32")
    tokens = random.integers(1, END, (64, 7)).astype("int32")
    tokens[np.arange(64), lengths - 1] = END
    tokens[np.arange(7) >= lengths[:, None]] = 0
    return {"tokens": tokens, "lengths": lengths}


def test_embedding_is_the_last_token(texts):
    """Alone and without padding, step by step."""
    trunk = tiny()
    embeddings = ops.convert_to_numpy(trunk(texts))
    for index in (0, 1, 2):
        length = texts["lengths"][index]
        tokens = trunk.words(texts["tokens"][index : index + 1, :length]) + trunk.positions[:length]
        for block in trunk.blocks:
            tokens = block(tokens)
        expected = ops.convert_to_numpy(trunk.norm(tokens)[0, -1]) @ ops.convert_to_numpy(trunk.projection.kernel)
        np.testing.assert_allclose(embeddings[index], expected, atol=1e-5)


def test_padding_changes_nothing(texts):
    trunk = tiny()
    embeddings = ops.convert_to_numpy(trunk(texts))
    padded = {"tokens": np.pad(texts["tokens"], ((0, 0), (0, 2)), constant_values=7), "lengths": texts["lengths"]}
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(padded)), embeddings, atol=1e-5)


def test_end_token(texts):
    """The first of them, as OpenAI takes the highest number; without one the last token."""
    trunk = tiny()
    expected = ops.convert_to_numpy(trunk(texts))
    trunk.end_token = END
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(texts["tokens"])), expected, atol=1e-6)
    filled = np.where(np.arange(7) >= texts["lengths"][:, None], END, texts["tokens"])
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(filled)), expected, atol=1e-5)
    without = {"tokens": np.where(texts["tokens"] == END, 3, texts["tokens"]), "lengths": texts["lengths"]}
    with_end = ops.convert_to_numpy(trunk(without))
    trunk.end_token = None
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(without)), with_end, atol=1e-6)


def test_order_of_words_counts():
    tokens = np.array([[1, 2, 3], [2, 1, 3]], "int32")
    first, second = ops.convert_to_numpy(tiny()({"tokens": tokens, "lengths": np.array([3, 3])}))
    assert np.abs(first - second).max() > 1e-6


def test_empty_text_gives_numbers():
    trunk = tiny()
    inputs = {"tokens": np.zeros((2, 1), "int32"), "lengths": np.array([0, 1], "int32")}
    assert np.isfinite(ops.convert_to_numpy(trunk(inputs))).all()


def test_published_sizes():
    """open_clip's count of ViT-B-32's parameters, its text's part."""
    assert ClipTextTrunk().count_params() == 151_277_313 - 87_849_216 - 1


def test_saved_and_loaded(tmp_path, texts):
    trunk = tiny(dropout=0.1, end_token=END, activation="gelu")
    expected = ops.convert_to_numpy(trunk(texts))
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(texts)), expected, atol=1e-6)


def test_learns(texts):
    """Whether a text's first word is a low number."""
    keras.utils.set_random_seed(0)
    trunk = tiny(embedding_dim=1)
    trunk.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    target = (texts["tokens"][:, 0] < 9).astype("float32")[:, None]
    losses = trunk.fit(texts, target, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.2 * losses[0]


def test_bad_input(texts):
    with pytest.raises(ValueError, match=r"at most 9 tokens. Received: 12. Make the tokenizer with max_tokens=9"):
        tiny()({"tokens": np.ones((1, 12), "int32"), "lengths": np.array([12])})
    with pytest.raises(ValueError, match=r"Received: no lengths. Give them, or make the trunk with `end_token`"):
        tiny()(texts["tokens"])
    with pytest.raises(ValueError, match=r"`end_token` must be below 20. Received: end_token=20"):
        tiny(end_token=20)
    with pytest.raises(ValueError, match=r"`max_tokens` must be positive. Received: max_tokens=0"):
        tiny(max_tokens=0)
