"""A siamese network of texts: the probability that two of them mean the same."""

import os

import keras

from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.similarity_head import SimilarityHead
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.generators.word_vectors import WordVectors
from comparators.models.siamese import Siamese
from comparators.models.text_checkpoint import read_text_checkpoint
from comparators.models.text_inputs import TextInputs
from comparators.models.text_parts import bi_lstm_trunk, transformer_trunk


@keras.saving.register_keras_serializable("comparators")
class TextSiamese(TextInputs, Siamese):
    """Tells the probability that two texts are of one label: the same question, the same intent.

    The named constructors make networks that train on groups of labelled texts (`Groups`), where every pair of a batch
    is scored. To train the same parts on pairs (`Pairs`, `PairTable`), take the objective out and give the loss to
    `compile`:

        model = TextSiamese.default(tokenizer).with_objective(None)
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])

    Args:
        encoder: network from `{"tokens", "lengths"}` to embeddings, such as `TextTransformerTrunk`.
        tokenizer: the one that the encoder was made with; saved with the model.
        head: scores two embeddings; None takes the objective's, or else `SimilarityHead("cosine")`.
        objective: for training on groups, such as `InBatchPairs(head)`; None to train on pairs.
        name: name of the model.

    Call arguments:
        inputs: a pair `(a, b)` of batches `{"tokens": int (batch, count), "lengths": int (batch,)}`, with the same
            count; or one such batch.
        training: whether dropout is active.

    Returns:
        Of a pair, the probability of "same", `(batch,)`; of one batch, embeddings `(batch, embedding_dim)`; float32.

    Raises:
        TypeError: if `tokenizer` is no `TextTokenizer`.
        ValueError: if the tokenizer has another vocabulary than the encoder or gives longer texts, or the objective has
            another head than the network.

    Example:
        >>> texts = ["a dog by the sea", "the sea by night"]
        >>> tokenizer = TextTokenizer.train(texts, vocabulary_size=60, max_tokens=16)
        >>> model = TextSiamese.default(tokenizer, embedding_dim=8, depth=1, num_heads=2)
        >>> model.similarity_matrix(texts).shape
        (2, 2)

    Reference:
        Mueller and Thyagarajan 2016, Siamese recurrent architectures for learning sentence similarity; Reimers and
        Gurevych 2019, Sentence-BERT.
    """

    def __init__(
        self,
        encoder: keras.Model,
        tokenizer: TextTokenizer,
        head: SimilarityHead | None = None,
        objective: Objective | None = None,
        name: str | None = None,
    ):
        super().__init__(encoder, head=head, objective=objective, name=name)
        self.take_texts(tokenizer)

    @classmethod
    def default(
        cls,
        tokenizer: TextTokenizer,
        form: str = "cosine",
        embedding_dim: int = 256,
        depth: int = 4,
        num_heads: int = 4,
        pooling: str = "mean",
        dropout: float = 0.1,
        name: str | None = None,
    ) -> "TextSiamese":
        """Builds the default parts, as in `TextEncoder.default`: a transformer with random weights.

        Args:
            tokenizer: see `TextTokenizer.train`.
            form: of the similarity head, see `SimilarityHead`.
            embedding_dim: values of a token and of an embedding.
            depth: blocks.
            num_heads: heads of the attention.
            pooling: `"mean"`, `"max"` or `"cls"`.
            dropout: share dropped in training.
            name: name of the model.
        """
        trunk = transformer_trunk(tokenizer, embedding_dim, depth, num_heads, pooling, dropout)
        return cls(trunk, tokenizer, objective=InBatchPairs(SimilarityHead(form)), name=name)

    @classmethod
    def bi_lstm(
        cls,
        tokenizer: TextTokenizer,
        form: str = "cosine",
        vectors: WordVectors | None = None,
        token_dim: int = 100,
        units: int = 128,
        embedding_dim: int = 256,
        pooling: str = "max",
        dropout: float = 0.1,
        name: str | None = None,
    ) -> "TextSiamese":
        """Builds LSTMs in both directions on vectors of the tokens, as in `TextEncoder.bi_lstm`.

        Args:
            tokenizer: see `TextTokenizer.train`; or `TextTokenizer.of_words(vectors.words)`.
            form: of the similarity head, see `SimilarityHead`.
            vectors: from which the tokens that are such words start; None starts all at random.
            token_dim: values of a token where there are no `vectors`.
            units: values in the state of each LSTM.
            embedding_dim: values in an embedding.
            pooling: `"max"`, `"mean"`, `"cls"` or `"last"`.
            dropout: share dropped in training.
            name: name of the model.

        Raises:
            ValueError: if no token is a word of `vectors`.
        """
        trunk = bi_lstm_trunk(tokenizer, vectors, token_dim, units, embedding_dim, pooling, dropout)
        return cls(trunk, tokenizer, objective=InBatchPairs(SimilarityHead(form)), name=name)

    @classmethod
    def from_checkpoint(
        cls, folder: str | os.PathLike, form: str = "cosine", max_tokens: int | None = None, name: str | None = None
    ) -> "TextSiamese":
        """Builds on the folder of a published model, see `TextEncoder.from_checkpoint`; the head is untrained.

        Args:
            folder: with `config.json`, `model.safetensors` and `tokenizer.json`.
            form: of the similarity head, see `SimilarityHead`.
            max_tokens: most tokens of a text; None takes what the folder says.
            name: name of the model.

        Raises:
            FileNotFoundError: if a file is missing; it is named.
            ValueError: if the network is of another architecture, or the weights do not fit.
        """
        checkpoint = read_text_checkpoint(folder, max_tokens)
        return cls(checkpoint.trunk, checkpoint.tokenizer, objective=InBatchPairs(SimilarityHead(form)), name=name)
