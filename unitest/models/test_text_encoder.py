"""Encoders and siamese networks of texts: embedding, training, saving, and what is refused."""

import sys

import keras
import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.custom_layers import GE2E, InBatchPairs, SymmetricInfoNCE
from comparators.generators import ArrayItems, Groups, GroupSampler, Matches, Pairs, TextTokenizer, WordVectors
from comparators.losses import InfoNCE
from comparators.models import DualEncoder, Encoder, TextEncoder, TextSiamese
from comparators.models.encoders import TextTransformerTrunk

pytest.importorskip("tokenizers")

ANIMALS, PLACES = ["dog", "cat", "cow", "hen"], ["sea", "wood", "hill", "town"]
ROWS = [(animal, place, nights) for nights in (0, 2) for animal in ANIMALS for place in PLACES]
TEXTS = [f"a {animal} by the {place}{' at night' * nights}" for animal, place, nights in ROWS]
LABELS = np.array([animal for animal, _, _ in ROWS])


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return TextTokenizer.train(TEXTS, vocabulary_size=120, max_tokens=24)


def tiny(tokenizer: TextTokenizer, kind=TextEncoder, **more):
    return kind.default(tokenizer, embedding_dim=8, depth=1, num_heads=2, **more)


def tiny_lstm(tokenizer: TextTokenizer, kind=TextEncoder, **more):
    return kind.bi_lstm(tokenizer, token_dim=6, units=4, embedding_dim=8, **more)


@pytest.mark.parametrize("make", [tiny, tiny_lstm])
@pytest.mark.parametrize("kind", [TextEncoder, TextSiamese])
def test_embeddings_do_not_depend_on_the_batch(make, kind, tokenizer):
    model = make(tokenizer, kind)
    texts = [*TEXTS, "", "words " * 500, "日本語 😀", "half \ud800", "A DOG BY THE SEA"]
    embeddings = model.embed(texts)
    assert embeddings.shape == (len(texts), model.embedding_dim)
    assert embeddings.dtype == np.float32
    assert np.isfinite(embeddings).all()
    np.testing.assert_allclose(model.embed(texts, batch_size=1), embeddings, atol=1e-5)
    np.testing.assert_allclose(model.embed(texts[::-1], batch_size=7)[::-1], embeddings, atol=1e-5)
    np.testing.assert_allclose(model.embed(texts[0]), embeddings[:1], atol=1e-5)
    np.testing.assert_allclose(model.embed(tokenizer.encode(texts)), embeddings, atol=1e-5)
    np.testing.assert_allclose(embeddings[-1], embeddings[0], atol=1e-5)
    assert model.embed([]).shape == (0, model.embedding_dim)
    assert (model.media, model.item_name) == ("text", "text")


def test_texts_only(tokenizer):
    model = tiny(tokenizer)
    assert model.read("sea") == "sea"
    with pytest.raises(ValueError, match=r"Texts must be strings\. Received: None at position 2"):
        model.embed(["sea", "dog", None])
    with pytest.raises(ValueError, match=r"Texts must be strings\. Received: 7 at position 0"):
        model.read(7)
    with pytest.raises(ValueError, match=r"`role` must be one of"):
        tiny(tokenizer, TextSiamese).encoder_of("c")


def test_prompts(tokenizer):
    model, plain = tiny(tokenizer, prompt="a cat "), tiny(tokenizer)
    plain.encoder.set_weights(model.encoder.get_weights())
    np.testing.assert_allclose(model.embed(["by the sea"]), plain.embed(["a cat by the sea"]), atol=1e-6)
    assert model.items(["by the sea"]).texts == ["a cat by the sea"]
    with pytest.raises(TypeError, match=r"`prompt` must be a text"):
        TextEncoder(model.encoder, tokenizer, prompt=None)


def test_word_vectors():
    vectors = WordVectors(["The", "sea", "dog", "cow"], np.eye(4, 3) + 1)
    model = TextEncoder.of_word_vectors(vectors)
    expected = [vectors["sea"], (vectors["The"] + vectors["dog"]) / 2, np.zeros(3)]
    np.testing.assert_allclose(model.embed(["Sea!", "the unknown DOG", "nothing"]), expected, atol=1e-6)
    assert not model.trainable_weights
    assert TextEncoder.of_word_vectors(vectors, trainable=True).trainable_weights
    with pytest.raises(ValueError, match=r"all zeros has no cosine\. Received: 1 of 2 such rows, the first is row 1"):
        model.similarity(["sea", "nothing"], ["dog", "sea"])


def test_lstm_on_word_vectors(tokenizer):
    vectors = WordVectors(["sea", "dog", "unknown"], np.arange(6).reshape(3, 2) + 1)
    model = TextEncoder.bi_lstm(tokenizer, vectors, units=4, embedding_dim=8)
    words = keras.ops.convert_to_numpy(model.encoder.words)
    np.testing.assert_array_equal(words[tokenizer.words.index("dog")], vectors["dog"])
    assert np.abs(words[tokenizer.words.index("cat")]).max() < 1
    with pytest.raises(ValueError, match=r"`vectors` must hold words of the tokenizer\. Received: 1 words, none of"):
        TextEncoder.bi_lstm(tokenizer, WordVectors(["qqq"], [[1, 2]]))


def test_a_data_frame_has_a_column_of_texts(tokenizer):
    model, frame = tiny(tokenizer), pd.DataFrame({"text": TEXTS[:2], "label": ["a", "b"]})
    np.testing.assert_allclose(model.embed(frame), model.embed(TEXTS[:2]), atol=1e-6)
    with pytest.raises(ValueError, match=r"No column `text` in the data frame\. Its columns: label"):
        model.embed(frame[["label"]])


def test_tokenizer_of_another_network(tokenizer):
    small = TextTransformerTrunk(50, 24, embedding_dim=8, depth=1, num_heads=2)
    short = TextTransformerTrunk(60, 16, embedding_dim=8, depth=1, num_heads=2)
    large = TextTransformerTrunk(500, 24, embedding_dim=8, depth=1, num_heads=2)
    for kind in (TextEncoder, TextSiamese):
        with pytest.raises(ValueError, match=r"a tokenizer of another vocabulary\. Received: \d+ tokens.*knows 500"):
            kind(large, tokenizer)
        with pytest.raises(ValueError, match=r"a tokenizer of another vocabulary\. Received: \d+ tokens.*knows 50"):
            kind(small, tokenizer)
        with pytest.raises(ValueError, match=r"Received: up to 24 tokens, the encoder takes 16\..*max_tokens=16"):
            kind(short, tokenizer)
        with pytest.raises(TypeError, match=r"`tokenizer` must be a `TextTokenizer`\. Received: tokenizer='bert'"):
            kind(short, "bert")


@pytest.mark.parametrize("make", [tiny, tiny_lstm])
def test_trains_on_rows_groups_and_pairs(make, tokenizer):
    keras.utils.set_random_seed(0)
    sampler = GroupSampler(LABELS, 4, 4)
    model = make(tokenizer)
    assert model.objective is None
    model.compile(keras.optimizers.Adam(3e-3), loss=InfoNCE())
    rows = Pairs(model.items(TEXTS), LABELS, batch_size=8)
    before = model.embed(TEXTS)
    loss = []
    for _ in range(3):
        (a, b), _ = rows[0]
        loss.append(float(model.train_on_batch((a, b), np.arange(8))))
    assert np.isfinite(loss).all()
    assert np.abs(model.embed(TEXTS) - before).max() > 1e-5
    grouped = TextEncoder(make(tokenizer, dropout=0.0).encoder, tokenizer, objective=GE2E())
    grouped.compile(keras.optimizers.Adam(1e-2))
    batches = Groups(grouped.items(TEXTS), sampler)
    history = grouped.fit(batches, epochs=8, verbose=0).history["loss"]
    assert min(history) < history[0]
    siamese = make(tokenizer, TextSiamese, dropout=0.0)
    assert isinstance(siamese.objective, InBatchPairs)
    siamese.compile(keras.optimizers.Adam(1e-2))
    history = siamese.fit(Groups(siamese.items(TEXTS), sampler), epochs=8, verbose=0).history["loss"]
    assert min(history) < history[0]
    pairs = siamese.with_objective(None)
    pairs.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    assert np.isfinite(pairs.fit(Pairs(pairs.items(TEXTS), LABELS, 8), verbose=0).history["loss"]).all()


def test_is_the_text_side_of_a_dual_encoder(tokenizer, tmp_path):
    text = tiny(tokenizer)
    image = Encoder(keras.Sequential([keras.Input((5,)), keras.layers.Dense(8)]))
    model = DualEncoder({"image": image, "text": text}, SymmetricInfoNCE())
    pictures = np.random.default_rng(0).normal(size=(len(TEXTS), 5)).astype("float32")
    model.compile("adam")
    items = {"image": ArrayItems(pictures), "text": text.items(TEXTS)}
    assert np.isfinite(model.fit(Matches(items, 8), verbose=0).history["loss"]).all()
    scores = model.similarity_matrix(pictures[:3], TEXTS[:5])
    assert scores.shape == (3, 5)
    model.save(tmp_path / "model.keras")
    loaded = comparators.load(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.similarity_matrix(pictures[:3], TEXTS[:5]), scores, atol=1e-5)


@pytest.mark.parametrize("kind", [TextEncoder, TextSiamese])
def test_saved_and_loaded(kind, tokenizer, tmp_path):
    model = tiny(tokenizer, kind)
    model.fit_threshold(model.embed(TEXTS), LABELS)
    model.save(tmp_path / "model.keras")
    loaded = comparators.load(tmp_path / "model.keras")
    assert loaded.fingerprint == model.fingerprint
    assert loaded.tokenizer.get_config() == tokenizer.get_config()
    np.testing.assert_allclose(loaded.embed(TEXTS), model.embed(TEXTS), atol=1e-6)
    assert loaded.verify(TEXTS[0], TEXTS[1]) == model.verify(TEXTS[0], TEXTS[1])
    again = kind.from_config(model.get_config())
    assert again.get_config()["tokenizer"] == model.get_config()["tokenizer"]


def test_loaded_in_a_fresh_process(tokenizer, tmp_path, fresh_python):
    model = tiny(tokenizer, prompt="a cat ")
    model.save(tmp_path / "model.keras")
    program = (
        f"import comparators\nmodel = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        f"print(model.fingerprint, *model.embed({TEXTS[:2]!r})[1])"
    )
    fingerprint, *values = fresh_python(program).split()
    assert fingerprint == model.fingerprint
    np.testing.assert_allclose(np.array(values, float), model.embed(TEXTS[:2])[1], atol=1e-5)


def test_loads_without_the_package(tokenizer, tmp_path, monkeypatch):
    model, encoded = tiny(tokenizer), tokenizer.encode(TEXTS)
    model.save(tmp_path / "model.keras")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    loaded = comparators.load(tmp_path / "model.keras")
    assert loaded.embed(encoded).shape == (len(TEXTS), 8)
    with pytest.raises(ImportError, match=r"comparators\[text\]"):
        loaded.embed(TEXTS)


def test_fingerprint_tells_tokenizers_apart(tokenizer):
    model = tiny(tokenizer)
    other = TextEncoder(model.encoder, TextTokenizer(tokenizer.definition, 12))
    assert model.fingerprint != other.fingerprint
    assert model.fingerprint == TextEncoder(model.encoder, tokenizer, prompt="query: ").fingerprint
