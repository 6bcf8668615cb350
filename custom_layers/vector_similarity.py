"""The similarity of plain embeddings of two roles."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class VectorSimilarity(MatchSimilarity):
    """The cosine or the dot product of plain embeddings.

    Args:
        form: `"cosine"` or `"dot"`.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`: `(n, dim)` and `(m, dim)`.

    Returns:
        Scores `(n, m)`.

    Raises:
        ValueError: `form` is neither.

    Example:
        >>> similarity = VectorSimilarity("cosine")
        >>> a, b = ops.array([[2.0, 0.0]]), ops.array([[1.0, 0.0], [0.0, 3.0]])
        >>> ops.convert_to_numpy(similarity((a, b))).tolist()
        [[1.0, 0.0]]
    """

    def __init__(self, form: str = "cosine", **kwargs):
        super().__init__(**kwargs)
        if form not in ("cosine", "dot"):
            raise ValueError(f"`form` must be 'cosine' or 'dot'. Received: form={form!r}.")
        self.form = form

    def pairwise(self, a: KerasTensor, b: KerasTensor) -> KerasTensor:
        a, b = self._prepare(a), self._prepare(b)
        return ops.matmul(a, ops.transpose(b))

    def paired(self, a: KerasTensor, b: KerasTensor) -> KerasTensor:
        return ops.sum(self._prepare(a) * self._prepare(b), axis=-1)

    def _prepare(self, embeddings: KerasTensor) -> KerasTensor:
        embeddings = ops.cast(embeddings, self.compute_dtype)
        return l2_normalize(embeddings) if self.form == "cosine" else embeddings

    def get_config(self) -> dict:
        return super().get_config() | {"form": self.form}
