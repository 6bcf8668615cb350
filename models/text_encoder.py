"""An encoder of texts: sentences, questions, titles, captions."""

import os

import keras

from comparators.custom_layers.objective import Objective
from comparators.generators.text_tokenizer import TextTokenizer
from comparators.generators.word_vectors import WordVectors
from comparators.models.encoder import Encoder
from comparators.models.text_checkpoint import read_text_checkpoint
from comparators.models.text_inputs import TextInputs
from comparators.models.text_parts import bi_lstm_trunk, transformer_trunk, word_average_trunk


@keras.saving.register_keras_serializable("comparators")
class TextEncoder(TextInputs, Encoder):
    """Encodes texts so that those of like meaning lie close together.

    Train it on rows of texts that belong together (`compile(loss=InfoNCE())`), on graded pairs, or on labelled texts
    with an objective such as `GE2E`; `model.items(texts)` makes the items of batches. Beside an `ImageEncoder` in a
    `DualEncoder` it is the text side of CLIP.

    Args:
        encoder: network from `{"tokens", "lengths"}` to embeddings, such as `TextTransformerTrunk`, `BiLSTMTrunk` or
            `WordAverageTrunk`.
        tokenizer: the one that the encoder was made with; saved with the model.
        objective: layer from embeddings and labels to a loss; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        prompt: put before each text by `embed` and `items`, such as `"query: "`.
        name: name of the model.

    Call arguments:
        inputs: `{"tokens": int (batch, count), "lengths": int (batch,)}`; or a tuple of such batches.
        training: whether dropout is active.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32; of a tuple, `(batch, views, embedding_dim)`.

    Raises:
        TypeError: if `tokenizer` is no `TextTokenizer`.
        ValueError: if the tokenizer has another vocabulary than the encoder, or gives longer texts.

    Example:
        >>> texts = ["a dog by the sea", "the sea by night"]
        >>> tokenizer = TextTokenizer.train(texts, vocabulary_size=60, max_tokens=16)
        >>> model = TextEncoder.default(tokenizer, embedding_dim=8, depth=1, num_heads=2)
        >>> model.embed(texts).shape
        (2, 8)
    """

    def __init__(
        self,
        encoder: keras.Model,
        tokenizer: TextTokenizer,
        objective: Objective | None = None,
        similarity: str = "cosine",
        prompt: str = "",
        name: str | None = None,
    ):
        super().__init__(encoder, objective=objective, similarity=similarity, name=name)
        self.take_texts(tokenizer, prompt)

    @classmethod
    def default(
        cls,
        tokenizer: TextTokenizer,
        embedding_dim: int = 256,
        depth: int = 4,
        num_heads: int = 4,
        pooling: str = "mean",
        dropout: float = 0.1,
        prompt: str = "",
        name: str | None = None,
    ) -> "TextEncoder":
        """Builds a transformer of BERT's form with random weights, without an objective.

        Args:
            tokenizer: see `TextTokenizer.train`.
            embedding_dim: values of a token and of an embedding.
            depth: blocks.
            num_heads: heads of the attention.
            pooling: `"mean"`, `"max"` or `"cls"`.
            dropout: share dropped in training.
            prompt: put before each text.
            name: name of the model.
        """
        trunk = transformer_trunk(tokenizer, embedding_dim, depth, num_heads, pooling, dropout)
        return cls(trunk, tokenizer, prompt=prompt, name=name)

    @classmethod
    def bi_lstm(
        cls,
        tokenizer: TextTokenizer,
        vectors: WordVectors | None = None,
        token_dim: int = 100,
        units: int = 128,
        embedding_dim: int = 256,
        pooling: str = "max",
        dropout: float = 0.1,
        prompt: str = "",
        name: str | None = None,
    ) -> "TextEncoder":
        """Builds LSTMs in both directions on vectors of the tokens, without an objective.

        Args:
            tokenizer: see `TextTokenizer.train`; or `TextTokenizer.of_words(vectors.words)`.
            vectors: from which the tokens that are such words start; None starts all at random.
            token_dim: values of a token where there are no `vectors`.
            units: values in the state of each LSTM.
            embedding_dim: values in an embedding.
            pooling: `"max"`, `"mean"`, `"cls"` or `"last"`.
            dropout: share dropped in training.
            prompt: put before each text.
            name: name of the model.

        Raises:
            ValueError: if no token is a word of `vectors`.
        """
        trunk = bi_lstm_trunk(tokenizer, vectors, token_dim, units, embedding_dim, pooling, dropout)
        return cls(trunk, tokenizer, prompt=prompt, name=name)

    @classmethod
    def of_word_vectors(
        cls, vectors: WordVectors, trainable: bool = False, max_tokens: int = 128, name: str | None = None
    ) -> "TextEncoder":
        """Averages ready word vectors, of lower-cased words; words without a vector are dropped.

        The baseline that needs no training: what a trained encoder has to beat.

        Args:
            vectors: such as GloVe's, see `WordVectors.read`.
            trainable: whether the vectors are trained.
            max_tokens: most words of a text.
            name: name of the model.

        Example:
            >>> model = TextEncoder.of_word_vectors(WordVectors(["sea", "dog"], [[1, 0], [0, 1]]))
            >>> model.embed(["The sea, the dog", "nothing known"]).tolist()
            [[0.5, 0.5], [0.0, 0.0]]
        """
        tokenizer = TextTokenizer.of_words(vectors.words, max_tokens)
        return cls(word_average_trunk(tokenizer, vectors, trainable), tokenizer, name=name)

    @classmethod
    def from_checkpoint(
        cls,
        folder: str | os.PathLike,
        prompt_name: str | None = None,
        max_tokens: int | None = None,
        name: str | None = None,
    ) -> "TextEncoder":
        """Builds an encoder from the folder of a published BERT, RoBERTa, DistilBERT or sentence-transformers model.

        Args:
            folder: with `config.json`, `model.safetensors`, `tokenizer.json`, and what sentence-transformers adds; see
                `comparators.models.text_checkpoint.read_text_checkpoint`.
            prompt_name: of the prompts that the folder lists; None takes its default, or none.
            max_tokens: most tokens of a text; None takes what the folder says.
            name: name of the model.

        Raises:
            FileNotFoundError: if a file is missing; it is named.
            ValueError: if the network is of another architecture, or the weights do not fit.
        """
        checkpoint = read_text_checkpoint(folder, max_tokens)
        prompt, similarity = checkpoint.prompt(prompt_name), checkpoint.similarity
        return cls(checkpoint.trunk, checkpoint.tokenizer, similarity=similarity, prompt=prompt, name=name)

    def get_config(self) -> dict:
        return {**super().get_config(), "prompt": self.prompt}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        return {**super().parts_from_config(config), "prompt": config["prompt"]}
