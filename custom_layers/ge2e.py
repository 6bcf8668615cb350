"""Generalised end-to-end loss: each embedding close to the centroid of its own label, far from the others."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.objective import Objective, check_single_items

_SMALLEST_SCALE = 1e-6


class _Positive(keras.constraints.Constraint):
    """Keeps a variable positive after each step; clamping inside the loss instead would stop its gradient."""

    def __call__(self, variable: KerasTensor) -> KerasTensor:
        return ops.maximum(variable, _SMALLEST_SCALE)


@keras.saving.register_keras_serializable("comparators")
class GE2E(Objective):
    """Generalised end-to-end loss on batches of several labels with several items each.

    The similarity of an embedding and a label is `scale * cosine(embedding, centroid) + bias`; centroids are plain
    means of the batch's embeddings, and an item is left out of its own label's centroid. `scale` (kept positive) and
    `bias` are learnt. The loss of an item, averaged over the batch, is

    - `"softmax"`: the cross-entropy of its own label among the batch's labels. The usual choice.
    - `"contrast"`: `1 - sigmoid(own) + max over the others of sigmoid(other)`: only the hardest other label counts.

    Args:
        form: `"softmax"` or `"contrast"`.
        scale: start of the learnt factor, positive.
        bias: start of the learnt offset.

    Call arguments:
        embeddings: `(batch, dim)`; only their directions count for the cosines.
        labels: int `(batch,)`, in any order, with any number of items each. An item that is alone with its label has
            no own centroid: it counts among the others of the rest and has no loss of its own.
        sample_weight: `(batch,)` or None.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: an argument is out of its range, or there is more than one embedding in a row.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        `CosineClassifier` learns one centre for each training label instead of averaging the batch's items.
        `WeightedObjectives` joins both.

    Example:
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> objective = GE2E()
        >>> bool(objective(embeddings, ops.array([3, 3, 7, 7])) < 0.01)
        True
        >>> float(objective.measures(embeddings, ops.array([3, 3, 7, 7]))["accuracy"])
        1.0

    Reference:
        Wan et al. 2018, Generalized end-to-end loss for speaker verification.
    """

    measure_names = ("accuracy",)

    def __init__(self, form: str = "softmax", scale: float = 10.0, bias: float = -5.0, **kwargs):
        super().__init__(**kwargs)
        if form not in ("softmax", "contrast"):
            raise ValueError(f"`form` must be 'softmax' or 'contrast'. Received: form={form!r}.")
        if scale <= 0:
            raise ValueError(f"`scale` must be positive. Received: scale={scale}.")
        self.form = form
        self.initial_scale = float(scale)
        self.initial_bias = float(bias)

    def build(self, embeddings_shape: tuple) -> None:
        constant = keras.initializers.Constant
        self.scale = self.add_weight(
            shape=(), initializer=constant(self.initial_scale), constraint=_Positive(), name="scale"
        )
        self.bias = self.add_weight(shape=(), initializer=constant(self.initial_bias), name="bias")

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        similarity, own, same = self._similarity(embeddings, labels)
        counts = ops.sum(ops.cast(same, similarity.dtype), axis=-1)
        if self.form == "softmax":
            # Each label stands in as many columns as it has items; together they weigh as one.
            losses = ops.logsumexp(similarity - ops.log(counts), axis=-1) - own
        else:
            others = ops.max(ops.where(same, 0.0, ops.sigmoid(similarity)), axis=-1)
            losses = 1.0 - ops.sigmoid(own) + others
        weights = ops.cast(counts > 1, losses.dtype)
        if sample_weight is not None:
            weights = weights * ops.cast(ops.reshape(sample_weight, (-1,)), losses.dtype)
        return self.weighted_mean(losses, weights)

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns `accuracy`: the share of items whose own label is the most similar one; lone items do not count."""
        similarity, own, same = self._similarity(embeddings, labels)
        hardest = ops.max(ops.where(same, -float("inf"), similarity), axis=-1)
        has_others = ops.sum(ops.cast(same, "int32"), axis=-1) > 1
        return {"accuracy": self.weighted_mean(ops.cast(own > hardest, "float32"), has_others)}

    def _similarity(self, embeddings: KerasTensor, labels: KerasTensor) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
        """Returns the similarity of each item to the label of each item, to its own label, and which are the same."""
        check_single_items(embeddings, self)
        embeddings = ops.cast(embeddings, self.compute_dtype)
        labels = ops.reshape(labels, (-1,))
        same = labels[:, None] == labels[None, :]
        totals = ops.matmul(ops.cast(same, embeddings.dtype), embeddings)
        directions = l2_normalize(embeddings)
        own = ops.sum(directions * l2_normalize(totals - embeddings), axis=-1)
        cosine = ops.where(same, own[:, None], ops.matmul(directions, ops.transpose(l2_normalize(totals))))
        return self.scale * cosine + self.bias, self.scale * own + self.bias, same

    def get_config(self) -> dict:
        return super().get_config() | {
            "form": self.form,
            "scale": self.initial_scale,
            "bias": self.initial_bias,
        }
