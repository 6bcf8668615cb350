"""The default parts of comparators of texts."""

from keras import ops

from comparators.generators.text_tokenizer import TextTokenizer
from comparators.generators.word_vectors import WordVectors
from comparators.models.encoders.bi_lstm_trunk import BiLSTMTrunk
from comparators.models.encoders.text_transformer_trunk import TextTransformerTrunk
from comparators.models.encoders.word_average_trunk import WordAverageTrunk

# What the published tokenizers put before the beginning of a word.
_WORD_STARTS = "▁Ġ"


def transformer_trunk(
    tokenizer: TextTokenizer, embedding_dim: int, depth: int, num_heads: int, pooling: str, dropout: float
) -> TextTransformerTrunk:
    """Makes a transformer for a tokenizer's vocabulary and longest text, with random weights."""
    return TextTransformerTrunk(
        tokenizer.vocabulary_size,
        tokenizer.max_tokens,
        embedding_dim,
        depth,
        num_heads,
        pooling=pooling,
        dropout=dropout,
    )


def bi_lstm_trunk(
    tokenizer: TextTokenizer,
    vectors: WordVectors | None,
    token_dim: int,
    units: int,
    embedding_dim: int,
    pooling: str,
    dropout: float,
) -> BiLSTMTrunk:
    """Makes LSTMs in both directions for a tokenizer's vocabulary, whose words start from vectors where there are."""
    dim = token_dim if vectors is None else vectors.dim
    trunk = BiLSTMTrunk(
        tokenizer.vocabulary_size, dim, units, embedding_dim=embedding_dim, pooling=pooling, dropout=dropout
    )
    if vectors is not None:
        set_word_vectors(trunk, tokenizer, vectors)
    return trunk


def word_average_trunk(tokenizer: TextTokenizer, vectors: WordVectors, trainable: bool) -> WordAverageTrunk:
    """Makes the mean of word vectors."""
    trunk = WordAverageTrunk(tokenizer.vocabulary_size, vectors.dim, train_words=trainable)
    set_word_vectors(trunk, tokenizer, vectors)
    return trunk


def set_word_vectors(trunk: BiLSTMTrunk | WordAverageTrunk, tokenizer: TextTokenizer, vectors: WordVectors) -> None:
    """Sets the vectors of the tokens that are words with a vector; others keep theirs.

    Raises:
        ValueError: no token has a vector.
    """
    rows = {word.lower(): row for row, word in reversed(list(enumerate(vectors.words)))}
    found = [(number, rows.get(word.lstrip(_WORD_STARTS).lower())) for number, word in enumerate(tokenizer.words)]
    found = [(number, row) for number, row in found if row is not None]
    if not found:
        raise ValueError(
            f"`vectors` must hold words of the tokenizer. Received: {len(vectors):,} words, none of them among its "
            f"{tokenizer.vocabulary_size:,} tokens. `TextTokenizer.of_words(vectors.words)` makes one of them."
        )
    table = ops.convert_to_numpy(trunk.words).copy()
    numbers, rows = (list(column) for column in zip(*found, strict=True))
    table[numbers] = vectors.vectors[rows]
    trunk.words.assign(table)
