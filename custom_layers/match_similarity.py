"""How the embeddings of two roles are scored."""

import keras
from keras import KerasTensor


@keras.saving.register_keras_serializable("comparators")
class MatchSimilarity(keras.layers.Layer):
    """Base of the similarities between the embeddings of two roles; higher is more alike.

    A subclass implements `pairwise` and `paired`. Similarities compute in float32 under any dtype policy;
    `dtype="float64"` is for checks of numbers.

    Call arguments:
        embeddings: `(a, b)`, of the two roles, each of one batch size or its own.

    Returns:
        Scores of every `a` with every `b`, `(n, m)`.

    Example:
        >>> class Nearness(MatchSimilarity):
        ...     def pairwise(self, a, b):
        ...         return -keras.ops.abs(a - keras.ops.transpose(b))
        >>> keras.ops.convert_to_numpy(Nearness()((keras.ops.zeros((2, 1)), keras.ops.ones((3, 1))))).shape
        (2, 3)
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)

    def build(self, embeddings_shape) -> None:
        self.built = True

    def call(self, embeddings: tuple) -> KerasTensor:
        return self.pairwise(*embeddings)

    def pairwise(self, a, b) -> KerasTensor:
        """Scores every `a` with every `b`. Returns `(n, m)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `pairwise(a, b)`.")

    def paired(self, a, b) -> KerasTensor:
        """Scores `a[i]` with `b[i]`. Returns `(n,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `paired(a, b)`.")

    def compute_output_shape(self, embeddings_shape) -> tuple:
        return (None, None)
