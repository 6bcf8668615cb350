"""What a new network of texts is to be like: its tokenizer, and what it begins with."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from comparators.generators.text_tokenizer import TextTokenizer
from comparators.generators.word_vectors import WordVectors
from comparators.models.text_encoder import TextEncoder
from comparators.models.text_siamese import TextSiamese

# Files of word vectors begin with the common words: so many can be asked for, beside those that were trained on.
_MOST_WORDS = 20_000


class NewTextModel(NamedTuple):
    """What a new network of texts is to be like.

    Attributes:
        siamese: a siamese network in place of an encoder.
        bi_lstm: LSTMs in both directions in place of a transformer, or of the average of word vectors.
        words: file of word vectors to begin with; None begins at random.
        tokenizer: file of a tokenizer; None trains one on the texts.
        checkpoint: folder of a published network to begin with.
        embedding_dim: values in an embedding.
    """

    siamese: bool
    bi_lstm: bool
    words: Path | None
    tokenizer: Path | None
    checkpoint: Path | None
    embedding_dim: int

    def make(self, texts: Sequence[str]) -> TextEncoder | TextSiamese:
        """Makes the network for a corpus, without an objective.

        Raises:
            ValueError: if two of a tokenizer, word vectors and a checkpoint are given, which each has its own.
        """
        given = [name for name in ("words", "tokenizer", "checkpoint") if getattr(self, name) is not None]
        if len(given) > 1 or (self.checkpoint is not None and self.bi_lstm):
            options = ", ".join(f"--{name}" for name in given + ["bi-lstm"] * self.bi_lstm)
            raise ValueError(
                "A network begins with word vectors, or a tokenizer, or a checkpoint, which has its own network. "
                f"Received: {options}. Name one."
            )
        encoder = self._encoder(texts)
        return TextSiamese(encoder.encoder, encoder.tokenizer) if self.siamese else encoder

    def _encoder(self, texts: Sequence[str]) -> TextEncoder:
        if self.checkpoint is not None:
            return TextEncoder.from_checkpoint(self.checkpoint)
        if self.words is None:
            tokenizer = corpus_tokenizer(self.tokenizer, texts)
            if self.bi_lstm:
                return TextEncoder.bi_lstm(tokenizer, embedding_dim=self.embedding_dim)
            return TextEncoder.default(tokenizer, embedding_dim=self.embedding_dim)
        vectors = corpus_vectors(self.words, texts)
        if self.bi_lstm:
            tokenizer = TextTokenizer.of_words(vectors.words)
            return TextEncoder.bi_lstm(tokenizer, vectors, embedding_dim=self.embedding_dim)
        return TextEncoder.of_word_vectors(vectors, trainable=True)


def corpus_tokenizer(path: Path | None, texts: Sequence[str]) -> TextTokenizer:
    """Reads a tokenizer from a file; without one, trains it on a corpus."""
    return TextTokenizer.train(texts) if path is None else TextTokenizer.read(path)


def corpus_vectors(path: Path, texts: Sequence[str]) -> WordVectors:
    """Reads word vectors, and keeps those of the words of a corpus and of the first words of the file."""
    vectors = WordVectors.read(path)
    tokenizer = TextTokenizer.of_words(vectors.words, max_tokens=max(map(len, texts)))
    return common_vectors(vectors, {tokenizer.token_of(number) for number in set(tokenizer.encode_rows(texts).tokens)})


def common_vectors(vectors: WordVectors, words: Collection[str]) -> WordVectors:
    """Returns the vectors of some lower-case words, and of the first words of a file, which are the common ones."""
    rows = [row for row, word in enumerate(vectors.words) if row < _MOST_WORDS or word.lower() in words]
    return WordVectors([vectors.words[row] for row in rows], vectors.vectors[rows])
