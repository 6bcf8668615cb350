"""Texts on the command line: embedded, searched, verified, clustered, drawn, measured; and what is wrong with them."""

import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.recognition.embedding_table import EmbeddingTable

pytest.importorskip("tokenizers")

TOPICS = {
    "dogs": ("a dog runs", "two dogs run in the park", "the dog is running", "dogs bark at night"),
    "sea": ("the sea is calm", "waves of the sea", "a calm sea at night", "the waves are high"),
    "music": ("she plays the piano", "he plays a guitar", "the piano is loud", "loud music at night"),
    "food": ("we eat bread", "fresh bread and soup", "the soup is hot", "hot soup to eat"),
}
TEXTS = [text for texts in TOPICS.values() for text in texts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of labelled texts, and the same as lines."""
    folder = tmp_path_factory.mktemp("texts")
    rows = [{"text": text, "label": topic} for topic, texts in TOPICS.items() for text in texts]
    pd.DataFrame(rows).to_csv(folder / "texts.csv", index=False)
    (folder / "lines.txt").write_text("\n".join(TEXTS) + "\n")
    return folder


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    """A tiny untrained encoder of texts."""
    import keras

    from comparators.generators import TextTokenizer

    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("model") / "texts.keras"
    tokenizer = TextTokenizer.train(TEXTS, vocabulary_size=120, max_tokens=16)
    comparators.TextEncoder.default(tokenizer, embedding_dim=8, depth=1, num_heads=2).save(path)
    return path


@pytest.fixture(scope="module")
def words_path(tmp_path_factory):
    """The average of the vectors of three words: others are unknown."""
    from comparators.generators import WordVectors

    path = tmp_path_factory.mktemp("model") / "words.keras"
    comparators.TextEncoder.of_word_vectors(WordVectors(["dog", "sea", "soup"], np.eye(3))).save(path)
    return path


# What works.


def test_embeds_a_table_and_lines_alike(run, folder, model_path, tmp_path):
    for source, labels in (("texts.csv", [topic for topic in TOPICS for _ in range(4)]), ("lines.txt", None)):
        output = tmp_path / "e.npz"
        result = run("embed", folder / source, "-o", output, "--model", model_path, "-q")
        assert result.status == 0, result.err
        table = EmbeddingTable.load(output)
        assert table.metadata["text"].tolist() == TEXTS
        assert (None if table.labels is None else table.labels.tolist()) == labels
        model = comparators.load(model_path)
        assert table.vectors == pytest.approx(model.embed(TEXTS), abs=1e-5)
        assert table.fingerprint == model.fingerprint


def test_a_text_that_comes_twice_counts_once_and_is_told(run, model_path, tmp_path):
    (tmp_path / "lines.txt").write_text("a dog runs\n\nthe sea\na dog runs\n")
    result = run("embed", tmp_path / "lines.txt", "-o", tmp_path / "e.csv", "--model", model_path, "-q")
    assert result.status == 0
    assert "1 row of a text that is there already" in result.err
    assert pd.read_csv(tmp_path / "e.csv")["text"].tolist() == ["a dog runs", "the sea"]


def test_searches_texts_and_embeddings_alike(run, folder, model_path, tmp_path):
    stored = tmp_path / "e.npz"
    run("embed", folder / "texts.csv", "-o", stored, "--model", model_path, "-q")
    (tmp_path / "query.txt").write_text("a dog runs\n")
    answers = [
        run("search", model_path, query, source, "--limit", 3, "--json", "-q").document
        for query, source in (
            ("a dog runs", folder / "texts.csv"),
            ("a dog runs", stored),
            (tmp_path / "query.txt", folder / "lines.txt"),
        )
    ]
    for answer in answers:
        assert answer["searched"] == 16
        assert [row["text"] for row in answer["results"]] == [row["text"] for row in answers[0]["results"]]
    assert answers[0]["results"][0] == {"rank": 1, "score": pytest.approx(1), "text": "a dog runs", "label": "dogs"}
    shown = run("search", model_path, "a dog runs", folder / "texts.csv", "-q").out.splitlines()
    assert shown[1].split() == ["1", "1.000", "a", "dog", "runs", "dogs"]


def test_long_answers_stay_on_their_line(run, model_path, tmp_path):
    pd.DataFrame({"text": ["dog\nsea " * 100, "dog"]}).to_csv(tmp_path / "t.csv", index=False)
    lines = run("search", model_path, "dog", tmp_path / "t.csv", "-q").out.splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) < 130
    found = run("search", model_path, "dog", tmp_path / "t.csv", "-q", "--json").document["results"]
    assert max(len(row["text"]) for row in found) == 800


def test_verifies(run, model_path, tmp_path):
    arguments = ("--model", model_path, "--threshold", 0.99)
    assert run("verify", "a dog runs", "a dog runs", *arguments).status == 0
    other = run("verify", "a dog runs", "she plays the piano", *arguments, "--json")
    assert other.status == 1
    model = comparators.load(model_path)
    assert other.document["score"] == pytest.approx(model.similarity(["a dog runs"], ["she plays the piano"])[0])


def test_clusters_and_draws(run, folder, model_path, tmp_path):
    arguments = ("--model", model_path, "-q")
    result = run("cluster", folder / "texts.csv", "-o", tmp_path / "c.csv", *arguments, "--num-clusters", 4, "--json")
    assert (result.document["texts"], result.document["clusters"]) == (16, 4)
    assert pd.read_csv(tmp_path / "c.csv").columns.tolist() == ["text", "cluster", "label"]
    drawn = run("plot", folder / "texts.csv", "-o", tmp_path / "p.png", *arguments, "--projection", "pca")
    assert drawn.out.endswith("16 texts of 4 labels\n")


def test_evaluates_labelled_texts(run, folder, model_path, tmp_path):
    fitted = tmp_path / "fitted.keras"
    result = run("evaluate", model_path, folder / "texts.csv", "-o", fitted, "--json", "-q")
    assert (result.document["texts"], result.document["labels"], result.document["pairs"]) == (16, 4, 120)
    assert 0 <= result.document["equal_error_rate"] <= 1
    assert "texts.csv, 4 labels" in comparators.load(fitted).threshold.origin
    assert "texts, labels, pairs" in run("evaluate", model_path, folder / "texts.csv", "-q").out


def test_other_scripts_and_long_texts(run, model_path, tmp_path):
    texts = ["собака бежит 🐕", "犬が走る", "مرحبا", "dog " * 300_000]
    pd.DataFrame({"text": texts}).to_csv(tmp_path / "t.csv", index=False)
    result = run("embed", tmp_path / "t.csv", "-o", tmp_path / "e.npz", "--model", model_path, "-q")
    assert result.status == 0, result.err
    assert EmbeddingTable.load(tmp_path / "e.npz").metadata["text"].tolist() == texts


# Bad input.


def test_texts_without_a_known_word_are_skipped_and_told(run, words_path, tmp_path):
    pd.DataFrame({"text": ["a dog", "nothing", "sea and soup"]}).to_csv(tmp_path / "t.csv", index=False)
    result = run("embed", tmp_path / "t.csv", "-o", tmp_path / "e.npz", "--model", words_path, "-q", "--json")
    assert result.status == 1
    assert result.document["failures"] == {"nothing": "The model knows no word of 'nothing'. Take another text."}
    assert "skipped 1 of 3 texts" in result.err
    assert EmbeddingTable.load(tmp_path / "e.npz").ids.tolist() == ["1", "3"]
    for arguments in (
        ("search", words_path, "???", tmp_path / "t.csv"),
        ("verify", "dog", "cat", "--model", words_path),
    ):
        refused = run(*arguments)
        assert refused.status == 2
        assert "The model knows no word of" in refused.err


def test_long_texts_are_counted(run, folder, model_path, tmp_path):
    long = "the sea at night " * 50
    pd.DataFrame({"text": [long, "a dog", "the dog is running"]}).to_csv(tmp_path / "t.csv", index=False)
    pd.DataFrame({"sentence1": [long, "a dog"], "sentence2": ["sea", "dogs"], "same": [1, 0]}).to_csv(
        tmp_path / "p.csv"
    )
    for arguments in (
        ("embed", tmp_path / "t.csv", "-o", tmp_path / "e.npz", "--model", model_path),
        ("search", model_path, "dog", tmp_path / "t.csv"),
    ):
        assert "only the first 16 tokens are seen of 1 of 3 texts" in run(*arguments).err
    assert "only the first 16 tokens are seen of 1 of 4 texts" in run("evaluate", model_path, tmp_path / "p.csv").err
    assert "only the first" not in run("search", model_path, "dog", folder / "texts.csv").err


def test_empty_texts_are_named(run, model_path, tmp_path):
    source = tmp_path / "t.csv"
    for content, message in (
        ('text,label\na dog,x\n"  ",x\n', "Empty `text` in row 3"),
        ("text\n", "No rows in"),
        ("", "Empty table of texts"),
        ("sentence\na dog\n", "No column `text` in"),
    ):
        source.write_text(content)
        result = run("embed", source, "-o", tmp_path / "e.npz", "--model", model_path)
        assert result.status == 2
        assert message in result.err
        assert str(source) in result.err
    assert "Its columns: sentence" in run("embed", source, "-o", tmp_path / "e.npz", "--model", model_path).err
    (tmp_path / "empty.txt").write_text("\n \n")
    assert "No text in" in run("search", model_path, "dog", tmp_path / "empty.txt").err
    assert "The text is empty" in run("search", model_path, " ", source).err
    assert "The text is empty" in run("verify", "a dog", "", "--model", model_path).err


def test_files_that_are_no_texts_are_named(run, folder, model_path, recordings, tmp_path):
    (tmp_path / "latin.csv").write_bytes("text\ncaf\xe9\n".encode("latin-1"))
    (tmp_path / "latin.txt").write_bytes("caf\xe9\n".encode("latin-1"))
    for source, message in (
        (tmp_path / "latin.csv", "Not UTF-8"),
        (tmp_path / "latin.txt", "Not UTF-8"),
        (tmp_path / "gone.csv", "No such table of texts"),
        (tmp_path / "gone.txt", "No such text file"),
        (recordings, "Texts are in a CSV file with a column `text`"),
        (recordings / "voice-01/1.wav", "A CSV file or a folder is expected"),
    ):
        for arguments in (("embed", source, "-o", tmp_path / "e.npz", "--model"), ("search",)):
            query = ("dog", source) if arguments == ("search",) else ()
            result = run(*arguments, model_path, *query)
            assert result.status == 2
            assert message in result.err
            assert str(source) in result.err
    assert "No such text file" in run("search", model_path, "gone.txt", folder / "lines.txt").err
    assert "Not UTF-8" in run("verify", "a dog", tmp_path / "latin.txt", "--model", model_path).err


def test_models_of_another_kind_are_refused(run, folder, model_path, recordings, tmp_path):
    result = run("embed", folder / "texts.csv", "-o", tmp_path / "e.npz")
    assert result.status == 2
    assert "No column `path`" in result.err
    gallery = tmp_path / "g.gallery"
    result = run("enroll", gallery, "ann", recordings / "voice-01/1.wav", "--model", model_path)
    assert result.status == 2
    assert "needs a model of recordings or images" in result.err
    result = run("embed", folder / "texts.csv", "-o", tmp_path / "e.npz", "--model", model_path, "--role", "text")
    assert "is a model of one role" in result.err
