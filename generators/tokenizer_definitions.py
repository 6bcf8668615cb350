"""What a `tokenizer.json` holds: read, and made from words or from a corpus."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import ModuleType

# What sentencepiece puts before a word. No word of a text holds it: it is no letter.
WORD_MARK = "▁"
FORMS = ("wordpiece", "bpe")

_PADDING_TOKENS = ("[PAD]", "<pad>", "<|padding|>", "<|endoftext|>")
_WORD_PATTERN = r"[\p{L}\p{M}\p{N}]+"
# As BERT's own training has it: the rarest characters would take the places of words.
_MOST_CHARACTERS = 1000


def parse_definition(definition: str) -> dict:
    """Reads a definition.

    Raises:
        ValueError: it is not JSON, or not that of a tokenizer.

    Example:
        >>> parse_definition("[1]")
        Traceback (most recent call last):
        ValueError: A tokenizer's definition is an object with a `model` that has a `vocab`. Received: a list. \
Take the `tokenizer.json` of a model, not its `tokenizer_config.json` or `vocab.json`.
    """
    try:
        parsed = json.loads(definition)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"A tokenizer's definition must be JSON. Received: {str(definition)[:50]!r} ({error})."
        ) from error
    model = parsed.get("model") if isinstance(parsed, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict | list):
        received = f"the entries {', '.join(list(parsed)[:10])}" if isinstance(parsed, dict) else "a list"
        raise ValueError(
            f"A tokenizer's definition is an object with a `model` that has a `vocab`. Received: {received}. "
            "Take the `tokenizer.json` of a model, not its `tokenizer_config.json` or `vocab.json`."
        )
    return parsed


def tokens_of(parsed: Mapping) -> list[str]:
    """Returns all tokens of a parsed definition in the order of their numbers; "" where a number has none.

    Raises:
        ValueError: there is none, or the numbers are wrong.
    """
    vocabulary = parsed["model"]["vocab"]
    try:
        if isinstance(vocabulary, list):  # pieces and their scores
            vocabulary = {piece: number for number, (piece, _) in enumerate(vocabulary)}
        numbers = dict(vocabulary) | {entry["content"]: entry["id"] for entry in parsed.get("added_tokens") or ()}
        tokens = [""] * (1 + max(numbers.values()))
        for token, number in numbers.items():
            tokens[number] = token
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise ValueError(f"The vocabulary of the tokenizer is empty or damaged ({error}).") from error
    return tokens


def padding_id_of(parsed: Mapping, tokens: Sequence[str]) -> int:
    """Returns the number of the token that fills up: the definition's own, or one of a usual name, or 0."""
    padding = parsed.get("padding")
    if isinstance(padding, dict) and isinstance(padding.get("pad_id"), int):
        return padding["pad_id"]
    return next((tokens.index(name) for name in _PADDING_TOKENS if name in tokens), 0)


def definition_of_words(words: Sequence[str]) -> str:
    """Makes the definition of a tokenizer whose tokens are words: number 0 fills up, words follow in their order.

    It is a byte-pair encoding without pairs, which takes a known word whole and drops what it does not know. The mark
    before each word keeps words of one letter apart from the letters of unknown words.

    Raises:
        ValueError: there is no word.
    """
    distinct = list(dict.fromkeys(str(word).lower() for word in words if str(word)))
    if not distinct:
        raise ValueError(f"`words` must hold at least one word. Received: {list(words)[:5]}.")
    vocabulary = {"[PAD]": 0} | {WORD_MARK + word: number for number, word in enumerate(distinct, start=1)}
    split = {"type": "Split", "pattern": {"Regex": _WORD_PATTERN}, "behavior": "Removed", "invert": True}
    mark = {"type": "Metaspace", "replacement": WORD_MARK, "prepend_scheme": "always", "split": False}
    model = {"type": "BPE", "vocab": vocabulary, "merges": [], "ignore_merges": True, "unk_token": None}
    definition = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, mark]},
        "post_processor": None,
        "decoder": None,
        "model": model
        | {"dropout": None, "continuing_subword_prefix": None, "end_of_word_suffix": None}
        | {"fuse_unk": False, "byte_fallback": False},
    }
    return json.dumps(definition, ensure_ascii=False)


def train_definition(
    library: ModuleType, texts: Sequence[str], vocabulary_size: int, form: str, lowercase: bool
) -> str:
    """Learns a tokenizer from texts, see `TextTokenizer.train`.

    Args:
        library: the package `tokenizers`.
        texts: of the corpus.
        vocabulary_size: most tokens.
        form: `"wordpiece"` or `"bpe"`.
        lowercase: whether capitals are made small.

    Returns:
        The definition.
    """
    if form not in FORMS:
        raise ValueError(f"`form` must be one of {', '.join(FORMS)}. Received: form={form!r}.")
    if not any(text and not text.isspace() for text in texts):
        raise ValueError(f"`texts` must hold at least one word. Received: {len(texts)} texts, all blank.")
    train = _train_wordpiece if form == "wordpiece" else _train_byte_pairs
    return train(library, texts, int(vocabulary_size), lowercase)


def _train_wordpiece(library: ModuleType, texts: Sequence[str], vocabulary_size: int, lowercase: bool) -> str:
    tokenizer = library.Tokenizer(library.models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = library.normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    # The library numbers what follows in an order that differs from run to run, and breaks ties by these numbers: as
    # "special" tokens the single characters have numbers that stay.
    characters, letters = _characters(tokenizer, texts)
    _check_room(vocabulary_size, len(special) + len(letters), form="wordpiece")
    trainer = library.trainers.WordPieceTrainer(
        vocab_size=vocabulary_size,
        special_tokens=special + letters,
        initial_alphabet=characters,
        limit_alphabet=len(characters),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    _set_ends(library, tokenizer, "[CLS]", "[SEP]")
    tokenizer.decoder = library.decoders.WordPiece()
    parsed = json.loads(tokenizer.to_str())
    parsed["added_tokens"] = [entry for entry in parsed["added_tokens"] if entry["content"] in special]
    return json.dumps(parsed, ensure_ascii=False)


def _characters(tokenizer, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the commonest characters, and these as they begin words and (with ##) go on in them, in order."""
    chunks: Counter[str] = Counter()
    for text in texts:
        chunks.update(tokenizer.normalizer.normalize_str(text).split())
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for chunk, count in chunks.items():
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(chunk):
            counts.update({character: count * number for character, number in Counter(word).items()})
            seen.add(word[0])
            seen.update(f"##{character}" for character in word[1:])
    characters = sorted(sorted(counts), key=counts.__getitem__, reverse=True)[:_MOST_CHARACTERS]
    kept = set(characters)
    return sorted(characters), sorted(letter for letter in seen if letter[-1] in kept)


def _train_byte_pairs(library: ModuleType, texts: Sequence[str], vocabulary_size: int, lowercase: bool) -> str:
    tokenizer = library.Tokenizer(library.models.BPE())
    tokenizer.normalizer = library.normalizers.Sequence(
        [library.normalizers.NFC(), *([library.normalizers.Lowercase()] if lowercase else [])]
    )
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=True)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = sorted(library.pre_tokenizers.ByteLevel.alphabet())
    _check_room(vocabulary_size, len(special) + len(alphabet), form="bpe")
    trainer = library.trainers.BpeTrainer(
        vocab_size=vocabulary_size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    _set_ends(library, tokenizer, "<s>", "</s>")
    tokenizer.decoder = library.decoders.ByteLevel()
    return tokenizer.to_str()


def _set_ends(library: ModuleType, tokenizer, first: str, last: str) -> None:
    tokenizer.post_processor = library.processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B {last}",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (first, last)],
    )


def _check_room(vocabulary_size: int, least: int, form: str) -> None:
    if vocabulary_size < least:
        raise ValueError(
            f"`vocabulary_size` must be at least {least} for the special tokens and single characters of these texts "
            f"({form}). Received: vocabulary_size={vocabulary_size}."
        )
