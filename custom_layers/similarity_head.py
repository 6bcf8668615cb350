"""From two embeddings to the logit of "same"."""

import math

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize

FORMS = ("cosine", "dot", "euclidean", "manhattan", "l1", "l2", "learnt")
_SMALLEST_SQUARE = 1e-12  # under a root, so that its slope stays finite where two embeddings are equal
_FIRST_WEIGHT = 5.0


@keras.saving.register_keras_serializable("comparators")
class SimilarityHead(keras.layers.Layer):
    """Scores two embeddings: how sure is it that both are of one label?

    The embeddings are brought to length 1 (but for `"dot"`) and compared as `form` says; a dense unit turns the
    comparison into a logit, whose sigmoid is the probability of "same". The forms:

    - `"cosine"`: their cosine. The usual choice: the plain cosine then ranks pairs as the head does.
    - `"dot"`: the dot product of the embeddings as they are, so that their lengths count too: the cosine, where the
      encoder ends in `L2Normalization`. Raw outputs of a dense layer are too long for it: end the encoder in a
      normalisation, or the first logits are in the hundreds and nothing is learnt.
    - `"euclidean"`, `"manhattan"`: minus their distance.
    - `"l1"`, `"l2"`: the absolute or squared difference in each dimension, with a weight of its own.
    - `"learnt"`: absolute differences and products of all dimensions, through a hidden layer.

    All are symmetric: (a, b) scores as (b, a). `comparators.recognition.PairProbability` is the same without Keras.

    Args:
        form: one of the above.
        hidden_units: of the hidden layer of `"learnt"`.

    Call arguments:
        inputs: a pair of embeddings, each `(batch, dim)`.

    Returns:
        Logits `(batch,)`, float32; higher is more alike.

    Raises:
        ValueError: the form is unknown or `hidden_units` is not positive.

    Example:
        >>> head = SimilarityHead("cosine")
        >>> logits = head((ops.array([[1.0, 0.0], [1.0, 0.0]]), ops.array([[2.0, 0.0], [0.0, 1.0]])))
        >>> bool(logits[0] > 0 > logits[1])
        True

    Reference:
        Koch et al. 2015, Siamese neural networks for one-shot image recognition (the form `"l1"`).
    """

    def __init__(self, form: str = "cosine", hidden_units: int = 32, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        if form not in FORMS:
            raise ValueError(f"`form` must be one of {', '.join(FORMS)}. Received: form={form!r}.")
        if hidden_units < 1:
            raise ValueError(f"`hidden_units` must be positive. Received: hidden_units={hidden_units}.")
        self.form = form
        self.hidden_units = hidden_units

    def build(self, input_shape: tuple) -> None:
        dim = input_shape[0][-1]
        constant = keras.initializers.Constant
        # From the first step on higher is more alike, and the logit is 0 about half way between alike and not.
        weight, bias = {
            "cosine": (_FIRST_WEIGHT, -_FIRST_WEIGHT / 2),
            "dot": (_FIRST_WEIGHT, -_FIRST_WEIGHT / 2),
            "euclidean": (_FIRST_WEIGHT, _FIRST_WEIGHT),
            "manhattan": (_FIRST_WEIGHT / math.sqrt(dim), _FIRST_WEIGHT),
            "l1": (_FIRST_WEIGHT / math.sqrt(dim), _FIRST_WEIGHT),
            "l2": (_FIRST_WEIGHT / 2, _FIRST_WEIGHT / 2),
            "learnt": (1.0, 0.0),
        }[self.form]
        units = {"l1": dim, "l2": dim, "learnt": self.hidden_units}.get(self.form, 1)
        if self.form == "learnt":
            self.hidden_kernel = self.add_weight(shape=(2 * dim, units), name="hidden_kernel")
            self.hidden_bias = self.add_weight(shape=(units,), initializer="zeros", name="hidden_bias")
        first = "random_normal" if self.form == "learnt" else constant(weight)
        self.kernel = self.add_weight(shape=(units,), initializer=first, name="kernel")
        self.bias = self.add_weight(shape=(), initializer=constant(bias), name="bias")

    def call(self, inputs: tuple[KerasTensor, KerasTensor]) -> KerasTensor:
        a, b = (self._prepared(embeddings) for embeddings in inputs)
        return self._logits(a, b)

    def pairwise(self, a: KerasTensor, b: KerasTensor) -> KerasTensor:
        """Scores all with all: `(n, dim)` and `(m, dim)` give logits `(n, m)`.

        The forms `"manhattan"`, `"l1"` and `"learnt"` hold `n * m * dim` values meanwhile, as training on a batch needs
        them; `PairProbability` scores large sets in bounded memory.
        """
        a, b = self._prepared(a), self._prepared(b)
        if self.form in ("cosine", "dot"):
            return self.kernel[0] * ops.matmul(a, ops.transpose(b)) + self.bias
        if self.form in ("euclidean", "l2"):
            squares = self._squared_distances(a, b, self.kernel if self.form == "l2" else 1.0)
            if self.form == "l2":
                return self.bias - squares
            return self.bias - self.kernel[0] * ops.sqrt(ops.maximum(squares, _SMALLEST_SQUARE))
        return self._logits(a[:, None], b[None])

    def _prepared(self, embeddings: KerasTensor) -> KerasTensor:
        embeddings = ops.cast(embeddings, self.compute_dtype)
        return embeddings if self.form == "dot" else l2_normalize(embeddings)

    def _logits(self, a: KerasTensor, b: KerasTensor) -> KerasTensor:
        """Scores along the last axis; the other axes broadcast."""
        if self.form in ("cosine", "dot"):
            return self.kernel[0] * ops.sum(a * b, axis=-1) + self.bias
        differences = ops.abs(a - b)
        if self.form == "learnt":
            compared = ops.concatenate([differences, a * b], axis=-1)
            hidden = ops.relu(ops.matmul(compared, self.hidden_kernel) + self.hidden_bias)
            return ops.sum(hidden * self.kernel, axis=-1) + self.bias
        if self.form == "euclidean":
            squares = ops.sum(ops.square(differences), axis=-1)
            return self.bias - self.kernel[0] * ops.sqrt(ops.maximum(squares, _SMALLEST_SQUARE))
        compared = ops.square(differences) if self.form == "l2" else differences
        return self.bias - ops.sum(compared * self.kernel, axis=-1)

    def _squared_distances(self, a: KerasTensor, b: KerasTensor, weights: KerasTensor | float) -> KerasTensor:
        """Weighted squared distances of all with all, without holding each dimension's difference."""
        squares_a = ops.sum(ops.square(a) * weights, axis=-1)
        squares_b = ops.sum(ops.square(b) * weights, axis=-1)
        return squares_a[:, None] + squares_b - 2 * ops.matmul(a * weights, ops.transpose(b))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return tuple(input_shape[0][:-1])

    def get_config(self) -> dict:
        return super().get_config() | {"form": self.form, "hidden_units": self.hidden_units}
