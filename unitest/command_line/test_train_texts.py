"""`comparators train --media text` and `comparators evaluate` on pairs of texts."""

import itertools
import json
import struct

import numpy as np
import pandas as pd
import pytest

import comparators
from comparators.command_line.inputs import Sources
from comparators.command_line.splitting import split_pairs
from comparators.command_line.text_pairs import TextPairs, read_pairs
from comparators.metrics.graded_similarity import pearson_correlation, spearman_correlation

pytest.importorskip("tokenizers")

WORDS = {"dogs": ("dog", "bark", "tail"), "sea": ("wave", "salt", "ship"), "music": ("song", "drum", "tune")}
QUICK = ("--media", "text", "--embedding-dim", 8, "--epochs", 1, "--batch-size", 16, "-q")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Labelled texts of three words each, and pairs of them: graded by shared words, of one label or of two."""
    folder, random = tmp_path_factory.mktemp("texts"), np.random.default_rng(0)
    labelled = [
        {"text": f"the {' '.join(order)} {number}", "label": f"{topic} {part}"}
        for topic, words in WORDS.items()
        for part, order in enumerate(itertools.islice(itertools.permutations(words), 2))
        for number in range(4)
    ]
    pd.DataFrame(labelled).to_csv(folder / "labelled.csv", index=False)
    rows = []
    for number in range(60):
        topics = random.choice(list(WORDS), 2)
        first, second = (" ".join(random.choice(WORDS[topic], 2, replace=False)) for topic in topics)
        same = int(topics[0] == topics[1])
        texts = {"sentence1": f"{first} {number}", "sentence2": f"{second} here {number}"}
        rows.append({**texts, "score": 5 * same * random.random(), "same": same, "split": "ab"[number % 2]})
    table = pd.DataFrame(rows)
    table.drop(columns="same").to_csv(folder / "graded.csv", index=False)
    table.drop(columns="score").to_csv(folder / "same.csv", index=False)
    table[table["same"] == 1].drop(columns=["score", "same"]).to_csv(folder / "together.csv", index=False)
    vectors = zip(("the", "-", *itertools.chain(*WORDS.values())), random.normal(size=(11, 4)), strict=True)
    (folder / "glove.txt").write_text("".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in vectors))
    return folder


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    """New transformers have one block, so that they are compiled in a moment."""
    from comparators.models import text_encoder

    deep = text_encoder.transformer_trunk
    monkeypatch.setattr(
        text_encoder, "transformer_trunk", lambda tokenizer, dim, depth, *others: deep(tokenizer, dim, 1, *others)
    )


@pytest.fixture(scope="module")
def words_model(tmp_path_factory, folder):
    """The average of word vectors, quick to train."""
    from comparators.generators import WordVectors

    path = tmp_path_factory.mktemp("model") / "words.keras"
    comparators.TextEncoder.of_word_vectors(WordVectors.read(folder / "glove.txt"), trainable=True).save(path)
    return path


# The whole way.


def test_graded_pairs_the_whole_way(run, folder, tmp_path):
    model = tmp_path / "m.keras"
    result = run("train", folder / "graded.csv", "-o", model, "--split", "a", *QUICK, "--json")
    assert result.status == 0, result.err
    assert len(result.document["history"]["val_spearman"]) == 1
    assert result.document["threshold"] is None
    trained = comparators.load(model)
    assert (type(trained).__name__, trained.embedding_dim, trained.compiled) == ("TextEncoder", 8, False)
    figures = run("evaluate", model, folder / "graded.csv", "--split", "b", "--json", "-q").document
    assert (figures["pairs"], figures["texts"]) == (30, 60)
    table = pd.read_csv(folder / "graded.csv").query("split == 'b'")
    scores = trained.similarity(table["sentence1"].tolist(), table["sentence2"].tolist())
    # Two scores that are almost equal may change places.
    assert figures["spearman"] == pytest.approx(spearman_correlation(scores, table["score"]), abs=2e-3)
    assert figures["pearson"] == pytest.approx(pearson_correlation(scores, table["score"]), abs=1e-4)
    low, high = figures["pearson_interval"]
    assert low < figures["pearson"] < high
    shown = run("evaluate", model, folder / "graded.csv", "-q").out
    assert "Spearman's correlation" in shown
    assert "Pearson's correlation" in shown


@pytest.mark.parametrize(("flags", "kind"), [((), "TextEncoder"), (("--siamese",), "TextSiamese")])
def test_pairs_that_are_the_same_or_not(run, folder, tmp_path, flags, kind):
    model = tmp_path / "m.keras"
    result = run("train", folder / "same.csv", "-o", model, "--words", folder / "glove.txt", *QUICK[:2], "-q", *flags)
    assert result.status == 0, result.err
    assert "trained on 50 pairs of texts" in result.out
    assert "10 validation pairs of same.csv" in result.out
    trained = comparators.load(model)
    assert type(trained).__name__ == kind
    assert trained.embedding_dim == 4
    figures = run("evaluate", model, folder / "same.csv", "--json", "-q").document
    assert 0 <= figures["equal_error_rate"] <= 1
    assert figures["threshold"]["value"] == trained.threshold.value
    fitted = run("evaluate", model, folder / "same.csv", "-o", tmp_path / "f.keras", "--target-far", 0.2, "-q")
    assert "threshold fitted here" in fitted.out
    assert "same.csv, 60 pairs" in comparators.load(tmp_path / "f.keras").threshold.origin
    assert run("verify", "dog bark", "tail dog", "--model", tmp_path / "f.keras").status in (0, 1)


def test_pairs_that_all_belong_together(run, folder, words_model, tmp_path):
    model, source = tmp_path / "m.keras", folder / "together.csv"
    result = run("train", source, "-o", model, *QUICK[:2], "--epochs", 1, "--model", words_model)
    assert result.status == 0, result.err
    assert "matches of sentence1 and sentence2" in result.out
    assert type(comparators.load(model)).__name__ == "TextEncoder"
    assert "validation matches of together.csv" in comparators.load(model).threshold.origin
    figures = run("evaluate", model, source, "--json", "-q").document
    assert figures["matches"] == len(pd.read_csv(source))
    assert figures["retrieval"].keys() == {"sentence1_to_sentence2", "sentence2_to_sentence1", "mean"}


@pytest.mark.parametrize(
    ("flags", "kind"),
    [(("--embedding-dim", 8), "TextEncoder"), (("--siamese", "--bi-lstm", "--embedding-dim", 8), "TextSiamese")],
)
def test_labelled_texts_and_on(run, folder, tmp_path, flags, kind):
    model, again = tmp_path / "m.keras", tmp_path / "n.keras"
    arguments = ("--media", "text", "--epochs", 1, "--items-per-label", 2, "-q")
    result = run("train", folder / "labelled.csv", "-o", model, *arguments, *flags)
    assert result.status == 0, result.err
    assert "trained on 16 texts of 4 labels" in result.out
    assert "2 validation labels of labelled.csv" in result.out
    trained = comparators.load(model)
    assert type(trained).__name__ == kind
    assert run("train", folder / "labelled.csv", "-o", again, *arguments, "--model", model).status == 0
    assert comparators.load(again).fingerprint != trained.fingerprint


def test_training_learns(run, folder, words_model, tmp_path):
    arguments = ("--media", "text", "--epochs", 15, "--learning-rate", 0.05, "--validation-fraction", 0, "-q")
    result = run("train", folder / "same.csv", "-o", tmp_path / "m.keras", "--model", words_model, *arguments)
    assert result.status == 0, result.err
    before, after = (
        run("evaluate", path, folder / "same.csv", "--json", "-q").document["equal_error_rate"]
        for path in (words_model, tmp_path / "m.keras")
    )
    assert after < min(0.05, before)


def test_a_tokenizer_and_a_checkpoint_to_begin_with(run, folder, tmp_path):
    from comparators.generators import TextTokenizer

    tokenizer = TextTokenizer.train(["dog bark tail wave salt ship"] * 3, vocabulary_size=60, max_tokens=12)
    (tmp_path / "tokenizer.json").write_text(tokenizer.definition)
    model, arguments = tmp_path / "m.keras", ("--tokenizer", tmp_path / "tokenizer.json", *QUICK)
    assert run("train", folder / "graded.csv", "-o", model, *arguments).status == 0
    assert comparators.load(model).tokenizer.definition == tokenizer.definition
    begun = ("--checkpoint", tmp_path, *QUICK[:2], "--epochs", 1, "-q")
    refused = run("train", folder / "graded.csv", "-o", tmp_path / "n.keras", *begun)
    assert refused.status == 2
    assert "config.json" in refused.err
    _write_checkpoint(tmp_path, tokenizer.vocabulary_size)
    result = run("train", folder / "graded.csv", "-o", tmp_path / "n.keras", *begun)
    assert result.status == 0, result.err
    assert comparators.load(tmp_path / "n.keras").embedding_dim == 8


def _write_checkpoint(folder, vocabulary_size: int) -> None:
    """Writes BERT's form of a network of one block, with random weights."""
    from comparators.models.encoders import TextTransformerTrunk

    trunk = TextTransformerTrunk(vocabulary_size, 12, 8, 1, 2, 16)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = {"model_type": "bert", "vocab_size": vocabulary_size, "max_position_embeddings": 12, **sizes}
    (folder / "config.json").write_text(json.dumps({**config, "hidden_act": "gelu", "type_vocab_size": 2}))
    names = [(name, weight.shape) for weight in trunk.torch_weights() for name in weight.names]
    header, data, random = {}, b"", np.random.default_rng(0)
    for name, shape in names:
        values = random.normal(0, 0.1, shape).astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    head = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)


def test_questions_and_passages(run, tmp_path):
    source, model = tmp_path / "q.csv", tmp_path / "m.keras"
    rows = [{"question": f"what is {number}?", "passage": f"{number} is a number"} for number in range(12)]
    pd.DataFrame(rows).to_csv(source, index=False)
    result = run("train", source, "-o", model, "--roles", "question,passage", *QUICK[2:])
    assert result.status == 0, result.err
    assert type(comparators.load(model)).__name__ == "DPR"
    found = run("search", model, "what is 3?", source, "--json", "-q").document
    assert (found["role"], found["searched"]) == ("question", 12)
    assert all(row["text"].endswith("is a number") for row in found["results"])
    asked = run("search", model, "3 is a number", source, "--role", "passage", "--json", "-q").document
    assert all(row["text"].startswith("what is") for row in asked["results"])
    assert run("evaluate", model, source, "--json", "-q").document["matches"] == 12
    assert run("embed", source, "-o", tmp_path / "e.npz", "--model", model, "--role", "passage", "-q").status == 0
    scores = [
        run("verify", *pair, "--model", model, "--threshold", 0, "--json").document["score"]
        for pair in (("what is 3?", "3 is a number"), ("3 is a number", "what is 3?"))
    ]
    assert scores[0] == pytest.approx(comparators.load(model).similarity(["what is 3?"], ["3 is a number"])[0])
    assert scores[0] != pytest.approx(scores[1])


# What is kept out.


def _pairs(*rows) -> TextPairs:
    table = pd.DataFrame(list(rows), columns=["item_a", "item_b", "same"])
    return TextPairs([f"text {number}" for number in range(1 + table[["item_a", "item_b"]].max().max())], table, False)


def test_no_text_is_on_both_sides(capsys):
    pairs = _pairs(*((2 * number, 2 * number + 1 - number % 3 % 2, number % 2) for number in range(60)))
    sides = split_pairs(pairs, 0.2, seed=0)
    assert sum(map(len, sides)) == 60
    assert len(sides[1]) == 12
    assert not np.intersect1d(*(side.table[["item_a", "item_b"]].to_numpy() for side in sides)).size
    assert capsys.readouterr().err == ""


def test_texts_that_all_hang_together_are_counted(capsys):
    pairs = _pairs(*((0, number, number % 2) for number in range(1, 41)))
    sides = split_pairs(pairs, 0.25, seed=0)
    assert [len(side) for side in sides] == [30, 10]
    assert "1 text of validation pairs also in training pairs" in capsys.readouterr().err


@pytest.mark.parametrize("fraction", [0, 0.1])
def test_none_are_kept_out_where_there_are_none_or_one_kind_is(capsys, fraction):
    pairs = _pairs((0, 1, 1), (2, 3, 0), (4, 5, 1)) if fraction else _pairs(*((0, n, n % 2) for n in range(1, 41)))
    assert split_pairs(pairs, fraction, seed=0) == (pairs, None)
    assert "no validation pairs" in capsys.readouterr().err


def test_pairs_of_several_sources_share_their_texts(tmp_path):
    for name, row in (("a", "x,y,1"), ("b", "y,z,no")):
        (tmp_path / f"{name}.csv").write_text(f"sentence1,sentence2,same\n{row}\n")
    pairs = read_pairs(Sources([tmp_path / "a.csv", tmp_path / "b.csv"]), "same")
    assert pairs.texts == ["x", "y", "z"]
    assert pairs.table.to_numpy().tolist() == [[0, 1, 1], [1, 2, 0]]
    assert pairs.same.tolist() == [True, False]


# Bad input.


def test_pairs_with_an_unknown_text_are_left_out_and_told(run, folder, words_model, tmp_path):
    source = tmp_path / "pairs.csv"
    source.write_text((folder / "same.csv").read_text() + "zebra,dog,0,a\nship,lion,1,b\n")
    result = run("evaluate", words_model, source, "--json", "-q")
    assert (result.status, result.document["pairs"], set(result.document["failures"])) == (1, 60, {"zebra", "lion"})
    assert "left out 2 of 62 pairs" in result.err
    trained = run("train", source, "-o", tmp_path / "m.keras", "--model", words_model, *QUICK[:2], "--epochs", 1)
    assert trained.status == 1
    assert "The model knows no word of 'zebra'" in trained.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("sentence1,sentence2,score\na dog,,3\nx,y,1\n", "Empty `sentence2` in 1 row of"),
        ("sentence1,sentence2,same\na,b,1\n  ,y,0\n", "Empty `sentence1` in 1 row of"),
        ("sentence1,sentence2,score\na,b,high\nc,d,1\n", "`score` must be a number. Received: 'high' in row 2"),
        ("sentence1,sentence2,same\na,b,0.5\nc,d,1\n", "`same` must be 1 or 0"),
        ("sentence1,sentence2,same\na,b,1\nc,d,1\n", "pairs of two different judgements"),
        ("sentence1,sentence2,score\na,b,2\nc,d,2\n", "pairs of two different judgements"),
        ("first,second,score\na,b,1\n", "`sentence1` and `sentence2`, with `score`"),
        ("text\na dog\nthe sea\n", "needs labels"),
        ("text,label\na dog,x\nthe sea,y\n", "two texts of a label"),
        ("sentence1,sentence2,score\n", "No rows in"),
        ("", "Empty table of texts"),
    ],
)
def test_tables_that_cannot_be_trained_or_measured_on(run, words_model, tmp_path, content, message):
    source = tmp_path / "t.csv"
    source.write_text(content)
    arguments = ("--model", words_model, "--media", "text")
    for command in (("train", source, "-o", tmp_path / "m.keras", *arguments), ("evaluate", words_model, source)):
        result = run(*command)
        assert result.status == 2
        assert message in result.err
    assert not (tmp_path / "m.keras").exists()


def test_columns_that_are_there_are_named(run, tmp_path):
    (tmp_path / "t.csv").write_text("first,second,score\na,b,1\n")
    result = run("train", tmp_path / "t.csv", "-o", tmp_path / "m.keras", "--media", "text")
    assert "with the columns first, second, score" in result.err


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("graded.csv", ("--tokenizer", "gone.json"), "No such tokenizer: 'gone.json'"),
        ("graded.csv", ("--tokenizer", "glove.txt"), "Not a tokenizer: 'glove.txt'"),
        ("graded.csv", ("--words", "graded.csv"), "graded.csv"),
        ("graded.csv", ("--checkpoint", "gone"), "gone"),
        ("graded.csv", ("--words", "glove.txt", "--tokenizer", "t.json"), "Received: --words, --tokenizer. Name one"),
        ("graded.csv", ("--words", "glove.txt", "--embedding-dim", 8), "--embedding-dim is of no use"),
        ("graded.csv", ("--siamese",), "A siamese network learns what is the same, not grades"),
        ("together.csv", ("--siamese",), "A siamese network needs pairs"),
        ("graded.csv", ("--image-size", 8), "--image-size is of no use with --media text"),
        ("graded.csv", ("--model", "speaker-encoder"), "'speaker-encoder' is not a model of texts"),
        ("graded.csv", ("--model", "speaker-encoder", "--words", "glove.txt"), "--words is of no use with --model"),
        ("graded.csv", ("--split", "c"), "No row of split 'c'"),
        ("graded.csv", ("--items-per-label", 2), "--items-per-label is of no use with pairs of texts"),
        ("labelled.csv", ("--batch-size", 8), "--batch-size is of no use with labelled texts"),
        (".", (), "Texts are in a CSV file"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_training_that_cannot_be_is_refused(run, folder, tmp_path, monkeypatch, source, arguments, message):
    monkeypatch.chdir(folder)
    result = run("train", source, "-o", tmp_path / "m.keras", "--media", "text", *arguments)
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "m.keras").exists()


def test_graded_pairs_give_no_threshold(run, folder, words_model, tmp_path):
    result = run("evaluate", words_model, folder / "graded.csv", "-o", tmp_path / "f.keras")
    assert result.status == 2
    assert "A threshold is fitted on pairs that are the same" in result.err


def test_sources_of_two_kinds_are_named(run, folder, words_model):
    result = run("evaluate", words_model, folder / "graded.csv", folder / "same.csv")
    assert result.status == 2
    assert "All sources must be of one kind" in result.err
