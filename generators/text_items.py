"""Items that are texts."""

from collections.abc import Sequence

import numpy as np

from comparators.generators.text_tokenizer import TextTokenizer, check_texts

# Columns of a batch are a multiple of this: few shapes, each of which JAX compiles anew.
_COLUMNS = 16


class TextItems:
    """Texts as the items of batches, cut into tokens once.

    A batch is as long as its longest text, filled up to a multiple of 16 tokens. The items of another role, another
    prompt, are other `TextItems`; `model.items(texts)` makes those that fit a model.

    Args:
        texts: strings.
        tokenizer: the model's.
        prompt: put before each text, such as `"query: "`.

    Attributes:
        texts: with the prompt.
        rows: the `TokenRows`.
        lengths: tokens of each text, int32 `(n,)`.

    Raises:
        TypeError: `texts` is one string, or the prompt is none.
        ValueError: there is no text, or one of them is no string; its place is named.

    Example:
        >>> items = TextItems(["a dog", "the sea by night", "sea"], TextTokenizer.of_words(["dog", "sea", "night"]))
        >>> inputs = items.take(np.array([2, 1]), np.random.default_rng(0))
        >>> inputs["tokens"][:, :3].tolist(), inputs["tokens"].shape, inputs["lengths"].tolist()
        ([[2, 0, 0], [2, 3, 0]], (2, 16), [1, 2])
    """

    ragged_inputs = ("tokens",)
    """Inputs whose number of columns differs from batch to batch."""

    def __init__(self, texts: Sequence[str], tokenizer: TextTokenizer, prompt: str = ""):
        if not isinstance(prompt, str):
            raise TypeError(f'`prompt` must be a text, "" for none. Received: prompt={prompt!r}.')
        texts = check_texts(texts)
        if not texts:
            raise ValueError("`texts` must hold at least one text. Received: none.")
        self.tokenizer = tokenizer
        self.texts = [prompt + text for text in texts] if prompt else texts
        self.rows = tokenizer.encode_rows(self.texts)

    @property
    def lengths(self) -> np.ndarray:
        return self.rows.lengths

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Returns some texts as one batch's inputs; nothing about them is random.

        Args:
            indices: positions of the texts, `(batch,)`.
            random: not used.

        Returns:
            `{"tokens": int32 (batch, columns), "lengths": int32 (batch,)}`.
        """
        return self.rows.padded(indices, self.tokenizer.padding_id, _COLUMNS, self.tokenizer.max_tokens)
