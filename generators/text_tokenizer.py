"""From texts to the numbers of their tokens: a tokenizer that is saved with the model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from comparators.generators.readable_file import check_readable_file
from comparators.generators.token_rows import TokenRows
from comparators.generators.tokenizer_definitions import (
    WORD_MARK,
    definition_of_words,
    padding_id_of,
    parse_definition,
    tokens_of,
    train_definition,
)

if TYPE_CHECKING:
    import tokenizers

KIND = "tokenizer"
# A token is about four characters long; ten times as many are looked at first.
_CHARACTERS_PER_TOKEN, _WORD_CHARACTERS, _GROWTH, _MOST_CHARACTERS = 50, 200, 8, 500_000
# Texts tokenised at once, in as many threads as there are cores.
_BLOCK = 4096


class TextTokenizer:
    """Cuts texts into tokens and gives their numbers, as a network on texts takes them.

    Train one on the texts of a corpus (`train`), read the `tokenizer.json` of a published model (`read`), or take the
    words of word vectors (`of_words`). It is saved within the model. The package `tokenizers` does the work and is only
    imported when a text is encoded: a saved model loads without it.

    Special tokens stand where the definition says. A text of more than `max_tokens` tokens is cut at its end, and keeps
    its end token; truncation and padding that the definition asks for are switched off. Of very long texts only the
    beginning is looked at: `50 * max_tokens` characters, and up to half a million where these hold fewer than
    `max_tokens` tokens, as blanks do.

    Args:
        definition: what a `tokenizer.json` holds.
        max_tokens: most tokens of a text, special ones included.

    Attributes:
        definition: as given.
        max_tokens: as given.
        vocabulary_size: numbers of tokens are below this.
        padding_id: number of the token that fills up the shorter texts of a batch.

    Raises:
        ValueError: the definition is not that of a tokenizer, or `max_tokens` is not positive (or, when a text is
            encoded, does not hold more than the special tokens).
        ImportError: when a text is encoded, the package `tokenizers` is not installed.

    Example:
        >>> tokenizer = TextTokenizer.of_words(["the", "sea", "dog"])
        >>> encoded = tokenizer.encode(["The dog at sea", "Sea!"])
        >>> encoded["tokens"].tolist(), encoded["lengths"].tolist()
        ([[1, 3, 2], [2, 0, 0]], [3, 1])
    """

    def __init__(self, definition: str, max_tokens: int = 128):
        self.definition = definition
        self.max_tokens = _check_count(max_tokens)
        parsed = parse_definition(definition)
        self._tokens = tokens_of(parsed)
        self.vocabulary_size = len(self._tokens)
        self.padding_id = padding_id_of(parsed, self._tokens)
        self._tokenizer: tokenizers.Tokenizer | None = None

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int = 8000,
        form: str = "wordpiece",
        lowercase: bool = True,
        max_tokens: int = 128,
    ) -> TextTokenizer:
        """Learns a tokenizer from texts; the same texts give the same tokenizer.

        Args:
            texts: of the corpus.
            vocabulary_size: most tokens; fewer where the texts do not hold as many.
            form: `"wordpiece"`, as BERT has it, between `[CLS]` and `[SEP]`; or `"bpe"`, pairs of bytes joined, between
                `<s>` and `</s>`, for which no character is unknown.
            lowercase: whether capitals are made small; `"wordpiece"` then also takes off accents.
            max_tokens: most tokens of a text.

        Raises:
            ValueError: there is no word in the texts, one of them is no string, the form is unknown, or the vocabulary
                has no room for the single characters.
            ImportError: the package `tokenizers` is not installed.

        Example:
            >>> tokenizer = TextTokenizer.train(["a dog by the sea", "the sea by night"] * 5, vocabulary_size=60)
            >>> [tokenizer.token_of(number) for number in tokenizer.encode(["The sea"])["tokens"][0]]
            ['[CLS]', 'the', 'sea', '[SEP]']
        """
        texts = [_without_halves(text) for text in check_texts(texts)]
        definition = train_definition(import_tokenizers(), texts, vocabulary_size, form, lowercase)
        return cls(definition, max_tokens)

    @classmethod
    def read(cls, path: str | os.PathLike, max_tokens: int = 128) -> TextTokenizer:
        """Reads a `tokenizer.json`.

        Args:
            path: the file.
            max_tokens: most tokens of a text; a published network takes no more than it has positions.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is empty, not JSON, or no tokenizer; or `max_tokens` is not positive.
        """
        path = Path(path).expanduser()
        check_readable_file(str(path), KIND)
        max_tokens = _check_count(max_tokens)  # before the file is blamed
        try:
            return cls(path.read_text(encoding="utf-8"), max_tokens)
        except ValueError as error:  # what is not UTF-8 is one, too
            raise ValueError(f"Not a {KIND}: '{path}'. {error}") from error

    @classmethod
    def of_words(cls, words: Sequence[str], max_tokens: int = 128) -> TextTokenizer:
        """Makes a tokenizer whose tokens are words, such as those of `WordVectors`.

        Texts and words are lower-cased, and runs of letters and digits are words. Words that are not among these are
        dropped, so that a text may be left without a token.

        Args:
            words: such as `vectors.words`; those that differ in capitals only are one.
            max_tokens: most words of a text.

        Raises:
            ValueError: there is no word.
        """
        return cls(definition_of_words(words), max_tokens)

    def encode(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Returns the tokens of texts as a network takes them.

        Args:
            texts: `n` strings.

        Returns:
            `{"tokens": int32 (n, longest), "lengths": int32 (n,)}`, padded with `padding_id`; at least one column.

        Raises:
            TypeError: `texts` is one string.
            ValueError: one of the texts is no string; its place is named.
        """
        rows = self.encode_rows(texts)
        return rows.padded(np.arange(len(rows)), self.padding_id)

    def encode_rows(self, texts: Sequence[str]) -> TokenRows:
        """Returns the tokens of texts without padding, for large corpora; see `encode` for errors."""
        texts = check_texts(texts)
        ids: list[list[int]] = []
        for start in range(0, len(texts), _BLOCK):
            ids += self._encode_block(texts[start : start + _BLOCK])
        lengths = np.fromiter(map(len, ids), np.int32, len(ids))
        return TokenRows(np.fromiter(chain.from_iterable(ids), np.int32, int(lengths.sum(dtype=np.int64))), lengths)

    def _encode_block(self, texts: list[str]) -> list[list[int]]:
        tokenizer, limit = self._library_tokenizer(), _CHARACTERS_PER_TOKEN * self.max_tokens
        encodings = tokenizer.encode_batch_fast([_beginning(text, limit) for text in texts])
        ids = [encoding.ids for encoding in encodings]
        longer = [row for row, text in enumerate(texts) if len(text) > limit]
        while limit < _MOST_CHARACTERS and longer:
            limit = min(limit * _GROWTH, _MOST_CHARACTERS)
            # Few tokens in many characters: blanks, or words that are dropped.
            longer = [row for row in longer if len(ids[row]) < self.max_tokens]
            for row in longer:
                ids[row] = tokenizer.encode(_beginning(texts[row], limit)).ids
            longer = [row for row in longer if len(texts[row]) > limit]
        return ids

    def _library_tokenizer(self) -> tokenizers.Tokenizer:
        if self._tokenizer is None:
            library = import_tokenizers()
            try:
                tokenizer = library.Tokenizer.from_str(self.definition)
            except Exception as error:  # the library raises this very class
                raise ValueError(f"The definition of the tokenizer is not understood: {error}.") from error
            special = tokenizer.num_special_tokens_to_add(False)
            if self.max_tokens <= special:
                raise ValueError(
                    f"`max_tokens` must be more than the {special} special tokens of each text. "
                    f"Received: max_tokens={self.max_tokens}."
                )
            tokenizer.no_padding()
            tokenizer.enable_truncation(self.max_tokens)
            self._tokenizer = tokenizer
        return self._tokenizer

    def token_of(self, number: int) -> str:
        """Returns a token; words of `of_words` without the mark that the definition puts before them.

        Raises:
            ValueError: there is no such number.
        """
        if not 0 <= number < self.vocabulary_size:
            raise ValueError(f"`number` must be from 0 to {self.vocabulary_size - 1}. Received: number={number}.")
        token = self._tokens[number]
        return token.removeprefix(WORD_MARK) if len(token) > 1 else token

    @property
    def words(self) -> list[str]:
        """All tokens in the order of their numbers, as `token_of` returns them; "" where a number has none."""
        return [self.token_of(number) for number in range(self.vocabulary_size)]

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_tokenizer": None}

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return {"definition": self.definition, "max_tokens": self.max_tokens}

    @classmethod
    def from_config(cls, config: dict) -> TextTokenizer:
        """Builds the tokenizer from what `get_config` returned."""
        return cls(**config)


def check_texts(texts: Iterable[str]) -> list[str]:
    """Returns texts as a list, or says which is none.

    Raises:
        TypeError: `texts` is one string.
        ValueError: one of them is no string.

    Example:
        >>> check_texts(["sea", float("nan")])
        Traceback (most recent call last):
        ValueError: Texts must be strings. Received: nan at position 1. Leave it out, or put "" for an empty text.
    """
    if isinstance(texts, str):
        raise TypeError(f"`texts` must be a list of texts. Received: one text, {texts[:50]!r}. Put it into a list.")
    texts = list(texts)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"Texts must be strings. Received: {text!r:.80} at position {place}. "
                'Leave it out, or put "" for an empty text.'
            )
    return texts


def import_tokenizers() -> ModuleType:
    """Returns the package `tokenizers`, or says how to install it."""
    try:
        import tokenizers
    except ImportError:
        raise ImportError(
            "Texts are cut into tokens by the package `tokenizers`, which is not installed. "
            "Install it: `pip install comparators[text]`."
        ) from None
    return tokenizers


def _check_count(max_tokens: int) -> int:
    if int(max_tokens) < 1:
        raise ValueError(f"`max_tokens` must be positive. Received: max_tokens={max_tokens}.")
    return int(max_tokens)


def _beginning(text: str, limit: int) -> str:
    """Cuts a text, between two words if there is a place."""
    if len(text) > limit:
        space = text.rfind(" ", limit - _WORD_CHARACTERS, limit)
        text = text[: limit if space < 0 else space]
    return _without_halves(text)


def _without_halves(text: str) -> str:
    """Replaces halves of characters that stand alone, as a file in another encoding gives: no tokenizer has them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
