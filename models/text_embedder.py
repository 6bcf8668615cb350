"""From tokens of any number of texts to embeddings: batches of like length."""

from collections.abc import Callable

import keras
import numpy as np

from comparators.generators.length_buckets import length_buckets
from comparators.generators.token_rows import TokenRows

# Of which numbers of tokens and of texts a batch has, where each shape is compiled anew.
_COLUMNS, _ROWS = 16, 8
# Most tokens of a batch, padding included: bounds the memory.
_BATCH_TOKENS = 32_768


class TextEmbedder:
    """Embeds tokenised texts, those of like length together.

    Args:
        encoder: network from `{"tokens", "lengths"}` to embeddings; used as it is at the time of the call.
        max_tokens: most tokens of a text.

    Example:
        >>> from comparators.models.encoders import WordAverageTrunk
        >>> rows = TokenRows(np.array([1, 2, 1], "int32"), np.array([2, 1], "int32"))
        >>> TextEmbedder(WordAverageTrunk(vocabulary_size=3, embedding_dim=4), max_tokens=8)(rows).shape
        (2, 4)
    """

    def __init__(self, encoder: keras.Model, max_tokens: int):
        self.encoder = encoder
        self.max_tokens = max_tokens
        self._any_shape = keras.backend.backend() == "tensorflow"
        self._encode = _compiled(encoder)

    def __call__(self, rows: TokenRows, padding_id: int = 0, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings `(n, embedding_dim)`, float32, of `n` texts."""
        embeddings = np.zeros((len(rows), self.encoder.embedding_dim), np.float32)
        lengths = np.maximum(rows.lengths, 1)
        for batch in length_buckets(lengths, batch_size, max(_BATCH_TOKENS, self.max_tokens)) if len(rows) else ():
            if self._any_shape:
                embeddings[batch] = self._encode(rows.padded(batch, padding_id))
            else:
                # Repeated rows fill up, so that few shapes are compiled.
                more = min(batch_size, -(-len(batch) // _ROWS) * _ROWS) - len(batch)
                filled = np.concatenate([batch, np.repeat(batch[:1], max(0, more))])
                outputs = self._encode(rows.padded(filled, padding_id, _COLUMNS, self.max_tokens))
                embeddings[batch] = np.asarray(outputs)[: len(batch)]
        return embeddings


def _compiled(model: keras.Model) -> Callable:
    """Returns a model's forward pass: on TensorFlow one graph for all shapes, elsewhere Keras's own function."""
    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch
    import tensorflow

    signature = {
        "tokens": tensorflow.TensorSpec((None, None), "int32"),
        "lengths": tensorflow.TensorSpec((None,), "int32"),
    }
    return tensorflow.function(lambda batch: model(batch, training=False), input_signature=[signature])
