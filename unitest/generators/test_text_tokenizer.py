"""Texts to tokens: trained, read, of words; long texts, other scripts, and what is refused."""

import copy
import json
import pickle
import sys

import numpy as np
import pytest

from comparators.generators import TextTokenizer
from comparators.generators.tokenizer_definitions import parse_definition

pytest.importorskip("tokenizers")

CORPUS = [
    "A black dog runs by the sea.",
    "The sea by night, the naïve dog's song!",
    "Dogs and cats run and run; 7 dogs, 12 cats.",
    "Über den Wolken — 日本語 テキスト, привет мир 😀",
] * 3


def tokens(tokenizer: TextTokenizer, text: str) -> list[str]:
    return [tokenizer.token_of(number) for number in tokenizer.encode([text])["tokens"][0]]


@pytest.fixture(scope="module", params=["wordpiece", "bpe"])
def trained(request) -> TextTokenizer:
    return TextTokenizer.train(CORPUS, 400, request.param, max_tokens=16)


def test_trained_tokens_stand_between_special_ones():
    pieces = TextTokenizer.train(CORPUS, 400)
    assert tokens(pieces, "The DOG runs") == ["[CLS]", "the", "dog", "runs", "[SEP]"]
    assert tokens(pieces, "naive") == tokens(pieces, "Naïve")
    assert pieces.padding_id == pieces.words.index("[PAD]") == 0
    assert tokens(TextTokenizer.train(CORPUS, 400, lowercase=False), "The DOG")[1] == "The"
    pairs = TextTokenizer.train(CORPUS, 400, "bpe")
    assert tokens(pairs, "the dog")[0] == "<s>"
    assert tokens(pairs, "the dog")[-1] == "</s>"
    assert pairs.words[pairs.padding_id] == "<pad>"
    assert tokens(pairs, "THE DOG") == tokens(pairs, "the dog")


@pytest.mark.parametrize("form", ["wordpiece", "bpe"])
def test_training_is_deterministic(form, fresh_python):
    program = (
        "import hashlib\nfrom comparators.generators import TextTokenizer\n"
        f"definition = TextTokenizer.train({CORPUS!r}, 300, {form!r}).definition\n"
        "print(hashlib.sha256(definition.encode()).hexdigest())"
    )
    assert len({fresh_python(program) for _ in range(3)}) == 1


def test_vocabulary_has_the_size_and_only_special_tokens_are_added():
    tokenizer = TextTokenizer.train(CORPUS, 110)
    assert tokenizer.vocabulary_size == 110 == len(tokenizer.words)
    parsed = json.loads(tokenizer.definition)
    added = [entry["content"] for entry in parsed["added_tokens"]]
    assert added == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def test_training_refuses():
    with pytest.raises(ValueError, match=r"`form` must be one of wordpiece, bpe\. Received: form='char'"):
        TextTokenizer.train(CORPUS, form="char")
    with pytest.raises(ValueError, match=r"`texts` must hold at least one word\. Received: 2 texts, all blank"):
        TextTokenizer.train(["", "  "])
    with pytest.raises(ValueError, match=r"`vocabulary_size` must be at least \d+ .*Received: vocabulary_size=9"):
        TextTokenizer.train(CORPUS, 9)
    with pytest.raises(ValueError, match=r"Texts must be strings\. Received: None at position 1"):
        TextTokenizer.train(["sea", None])


def test_padding_lengths_and_empty_text(trained):
    encoded = trained.encode(["the sea by night and the dog", "", "dog"])
    assert encoded["tokens"].dtype == encoded["lengths"].dtype == np.int32
    assert encoded["tokens"].shape == (3, encoded["lengths"].max())
    assert encoded["lengths"][1] == 2
    for row, length in zip(encoded["tokens"], encoded["lengths"], strict=True):
        assert (row[length:] == trained.padding_id).all()
    assert trained.encode([])["tokens"].shape == (0, 1)


def test_long_texts_are_cut_and_keep_their_end(trained):
    whole = TextTokenizer(trained.definition, 10_000).encode(CORPUS[:1])["tokens"][0]
    long = trained.encode([" ".join([CORPUS[0]] * 50)])
    assert long["lengths"].tolist() == [16]
    assert long["tokens"][0, -1] == whole[-1]
    shared = min(len(whole) - 1, 15)
    assert long["tokens"][0, :shared].tolist() == whole[:shared].tolist()


def test_ten_megabytes(trained):
    sentence = " ".join(CORPUS) + " "
    text = (sentence * (1 + 10_000_000 // len(sentence)))[:10_000_000]
    expected = trained.encode([text[:5_000]])
    encoded = trained.encode([text, "dog"])
    np.testing.assert_array_equal(encoded["tokens"][0], expected["tokens"][0])
    # Many blanks, or one endless word, before what counts.
    blanks = trained.encode([" " * 20_000 + "dog" + " " * 20_000 + "sea"])["tokens"]
    if trained.words[blanks[0, 0]] == "[CLS]":
        np.testing.assert_array_equal(blanks, trained.encode(["dog sea"])["tokens"])
    assert trained.encode(["z" * 10_000_000])["lengths"][0] <= 16


def test_other_scripts_and_emoji(trained):
    texts = [
        "日本語 テキスト",
        "привет мир",
        "مرحبا",
        "😀😀",
        "e\u0301",
        "\x00\ufeff",
        "half \ud83d character",
        "1\u2028 2",
    ]
    encoded = trained.encode(texts)
    assert (encoded["lengths"] >= 2).all()
    assert encoded["tokens"].max() < trained.vocabulary_size
    assert encoded["lengths"][0] > 3


def test_words_are_lower_cased_and_unknown_ones_dropped():
    tokenizer = TextTokenizer.of_words(["The", "sea", "a", "7", "the", "don", "привет"], max_tokens=4)
    assert tokenizer.words == ["[PAD]", "the", "sea", "a", "7", "don", "привет"]
    assert tokenizer.vocabulary_size == 7
    assert tokens(tokenizer, "The SEA-lion, ПРИВЕТ") == ["the", "sea", "привет"]
    # Letters of unknown words are no words.
    assert tokens(tokenizer, "a7 aa a sea7") == ["a"]
    assert tokens(tokenizer, "don't 7%") == ["don", "7"]
    encoded = tokenizer.encode(["", "unknown 😀", "the the the the the the"])
    assert encoded["lengths"].tolist() == [0, 0, 4]
    assert tokenizer.encode(["unknown"])["tokens"].shape == (1, 1)
    with pytest.raises(ValueError, match=r"`words` must hold at least one word\. Received: \[\]"):
        TextTokenizer.of_words([])


def test_read_and_what_it_refuses(tmp_path, trained):
    path = tmp_path / "tokenizer.json"
    path.write_text(trained.definition, encoding="utf-8")
    again = TextTokenizer.read(path, max_tokens=8)
    assert again.max_tokens == 8
    assert again.words == trained.words
    with pytest.raises(FileNotFoundError, match=r"No such tokenizer: '.*gone\.json'"):
        TextTokenizer.read(tmp_path / "gone.json")
    cases = {
        "{": r"Not a tokenizer: '.*tokenizer\.json'\. A tokenizer's definition must be JSON\. Received: '\{'",
        '{"vocab": 1, "x": 2}': r"Not a tokenizer: .*Received: the entries vocab, x\. Take the `tokenizer\.json`",
        "[1]": r"Not a tokenizer: .*Received: a list\.",
        '{"model": {"vocab": {}}}': r"Not a tokenizer: .*The vocabulary of the tokenizer is empty or damaged",
        '{"model": {"vocab": {"a": "b"}}}': r"Not a tokenizer: .*is empty or damaged",
    }
    for content, message in cases.items():
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            TextTokenizer.read(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="Not a tokenizer"):
        TextTokenizer.read(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"Empty tokenizer: .*0 bytes"):
        TextTokenizer.read(path)
    with pytest.raises(ValueError, match=r"The definition of the tokenizer is not understood"):
        TextTokenizer('{"model": {"type": "Alien", "vocab": {"a": 0}}}').encode(["a"])


def test_own_truncation_and_padding_of_the_definition_are_off(trained):
    parsed = parse_definition(trained.definition)
    parsed["truncation"] = {"direction": "Left", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    parsed["padding"] = {
        "strategy": {"Fixed": 40},
        "direction": "Left",
        "pad_to_multiple_of": None,
        "pad_id": 3,
        "pad_type_id": 0,
        "pad_token": "[SEP]",
    }
    other = TextTokenizer(json.dumps(parsed), 16)
    assert other.padding_id == 3
    expected, received = trained.encode(CORPUS), other.encode(CORPUS)
    np.testing.assert_array_equal(received["lengths"], expected["lengths"])
    for one, two, length in zip(received["tokens"], expected["tokens"], expected["lengths"], strict=True):
        np.testing.assert_array_equal(one[:length], two[:length])


def test_unigram_vocabularies_are_lists():
    pieces = [["<unk>", 0.0], ["▁sea", -1.0], ["▁", -2.0], ["dog", -2.0]]
    model = {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False}
    definition = {"version": "1.0", "model": model, "added_tokens": [], "normalizer": None, "post_processor": None}
    definition |= {"truncation": None, "padding": None, "decoder": None, "pre_tokenizer": None}
    tokenizer = TextTokenizer(json.dumps(definition))
    assert tokenizer.vocabulary_size == 4
    assert tokens(tokenizer, "▁seadog") == ["sea", "dog"]


def test_no_texts_are_refused_by_their_place(trained):
    for wrong in (None, float("nan"), 3, b"sea", ["sea"]):
        with pytest.raises(ValueError, match=r"Texts must be strings\. Received: .* at position 1\."):
            trained.encode(["sea", wrong])
    with pytest.raises(TypeError, match=r"`texts` must be a list of texts\. Received: one text, 'sea'"):
        trained.encode("sea")


def test_max_tokens_hold_the_special_ones(trained, tmp_path):
    with pytest.raises(ValueError, match=r"`max_tokens` must be positive\. Received: max_tokens=0"):
        TextTokenizer(trained.definition, 0)
    path = tmp_path / "tokenizer.json"
    path.write_text(trained.definition)
    with pytest.raises(ValueError, match=r"^`max_tokens` must be positive\. Received: max_tokens=0"):
        TextTokenizer.read(path, 0)
    with pytest.raises(ValueError, match=r"`max_tokens` must be more than the 2 special tokens .*max_tokens=2"):
        TextTokenizer(trained.definition, 2).encode(["sea"])
    with pytest.raises(ValueError, match=r"`number` must be from 0 to \d+\. Received: number=-1"):
        trained.token_of(-1)


def test_copies(trained):
    expected = trained.encode(CORPUS)["tokens"]
    for other in (
        pickle.loads(pickle.dumps(trained)),
        copy.deepcopy(trained),
        TextTokenizer.from_config(json.loads(json.dumps(trained.get_config()))),
    ):
        assert other._tokenizer is None
        np.testing.assert_array_equal(other.encode(CORPUS)["tokens"], expected)


def test_without_the_package(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    tokenizer = TextTokenizer(trained.definition)
    assert tokenizer.vocabulary_size == trained.vocabulary_size
    with pytest.raises(ImportError, match=r"pip install comparators\[text\]"):
        tokenizer.encode(["sea"])
