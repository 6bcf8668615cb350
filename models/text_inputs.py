"""What every comparator of texts does with its input: checking, tokens, batches of like length."""

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from comparators.generators.text_items import TextItems
from comparators.generators.text_table import filled_texts
from comparators.generators.text_tokenizer import TextTokenizer, check_texts
from comparators.models.text_embedder import TextEmbedder

# Of the tokens that an encoder knows, those that its tokenizer has at least.
_LEAST_SHARE = 0.9


class TextInputs:
    """The part of `TextEncoder` and `TextSiamese` that takes texts.

    A class that mixes it in names it before its family, and calls `take_texts` at the end of its constructor.

    Attributes:
        tokenizer: from texts to tokens.
        prompt: put before each text.
    """

    media = "text"
    """Kind of item: texts, not files."""
    item_name = "text"
    """What an item is called."""

    def take_texts(self, tokenizer: TextTokenizer, prompt: str = "") -> None:
        """Stores how texts are cut into tokens.

        Raises:
            TypeError: if the tokenizer is no `TextTokenizer`, or the prompt no text.
            ValueError: if the tokenizer is that of another network: it has more tokens, or longer texts.
        """
        if not isinstance(tokenizer, TextTokenizer):
            raise TypeError(f"`tokenizer` must be a `TextTokenizer`. Received: tokenizer={tokenizer!r}.")
        if not isinstance(prompt, str):
            raise TypeError(f'`prompt` must be a text, "" for none. Received: prompt={prompt!r}.')
        known = getattr(self.encoder, "vocabulary_size", None)
        # Published tables of tokens are filled up to a round number: a few rows may be without a token.
        if known is not None and not _LEAST_SHARE * known <= tokenizer.vocabulary_size <= known:
            raise ValueError(
                "`tokenizer` must be the one that the encoder was made with; this is a tokenizer of another "
                f"vocabulary. Received: {tokenizer.vocabulary_size:,} tokens; the encoder knows {known:,}."
            )
        longest = getattr(self.encoder, "max_tokens", None)
        if longest is not None and tokenizer.max_tokens > longest:
            raise ValueError(
                f"`tokenizer` must not give more tokens than the encoder takes. Received: up to {tokenizer.max_tokens} "
                f"tokens, the encoder takes {longest}. Make it anew: "
                f"`TextTokenizer(tokenizer.definition, max_tokens={longest})`."
            )
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.embedder = TextEmbedder(self.encoder, tokenizer.max_tokens)

    def read(self, text: str) -> str:
        """Returns a text as it is.

        Raises:
            ValueError: if it is no string.
        """
        return check_texts([text])[0]

    def read_and_measure(self, text: str) -> tuple[str, float]:
        """Reads as `read` does; the seconds that recordings have beside are NaN."""
        return self.read(text), math.nan

    def items(self, texts: Sequence[str]) -> TextItems:
        """Returns texts as the items of batches to train on, with this model's tokenizer and prompt."""
        return TextItems(texts, self.tokenizer, self.prompt)

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of texts.

        A text is cut after as many tokens as the tokenizer gives, `tokenizer.max_tokens`.

        Args:
            inputs: any number of texts, or one; a data frame with a column `text`; or tokens as `tokenizer.encode`
                gives them.
            role: not needed, there is one encoder.
            batch_size: texts encoded at once; texts of like length are.

        Returns:
            Embeddings `(n, embedding_dim)`, float32, in the order of the texts.

        Raises:
            ValueError: if one of them is no string; its place is named; or a data frame has no column `text`.
        """
        self.encoder_of(role)
        if isinstance(inputs, pd.DataFrame):
            inputs = filled_texts(inputs, "text", "the data frame", first_row=0)
        if isinstance(inputs, Mapping):
            return super().embed(dict(inputs), role, batch_size)
        texts = check_texts([inputs] if isinstance(inputs, str) else inputs)
        rows = self.tokenizer.encode_rows([self.prompt + text for text in texts] if self.prompt else texts)
        return self.embedder(rows, self.tokenizer.padding_id, batch_size)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell this model's embeddings from another's; of the tokenizer, too.

        The prompt is not in it: questions and passages of one network have prompts of their own, and are compared.
        """
        tokenizer = f"{self.tokenizer.max_tokens} {self.tokenizer.definition}"
        return hashlib.sha256(f"{super().fingerprint} {tokenizer}".encode()).hexdigest()[:16]

    def get_config(self) -> dict:
        return {**super().get_config(), "tokenizer": self.tokenizer.get_config()}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        return {**super().parts_from_config(config), "tokenizer": TextTokenizer.from_config(config["tokenizer"])}
