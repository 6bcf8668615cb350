"""Generalised end-to-end loss: each embedding close to the centroid of its own label, far from the others."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.objective import Objective

_SMALLEST_SCALE = 1e-6


class _Positive(keras.constraints.Constraint):
    """Keeps a variable positive after each step; clamping inside the loss instead would stop its gradient."""

    def __call__(self, variable: KerasTensor) -> KerasTensor:
        return ops.maximum(variable, _SMALLEST_SCALE)


@keras.saving.register_keras_serializable("comparators")
class GE2E(Objective):
    """Generalised end-to-end loss on batches of P labels with K items each.

    The similarity of an embedding and a label is `scale * cosine(embedding, centroid) + bias`; centroids are plain
    means of the batch's embeddings, and an item is left out of its own label's centroid. `scale` (kept positive) and
    `bias` are learnt. The loss of an item, averaged over the batch, is

    - `"softmax"`: the cross-entropy of its own label among the batch's labels. The usual choice.
    - `"contrast"`: `1 - sigmoid(own) + max over the others of sigmoid(other)`: only the hardest other label counts.

    Args:
        items_per_label: K, at least 2.
        form: `"softmax"` or `"contrast"`.
        scale: start of the learnt factor, positive.
        bias: start of the learnt offset.

    Call arguments:
        embeddings: `(P * K, dim)`; only their directions count for the cosines.
        labels: int `(P * K,)`, in any order. Each label must be there exactly K times; the graph checks the shape only.
        sample_weight: `(P * K,)` or None.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: an argument is out of its range, or the batch is not P x K with P of at least 2.

    Requirements:
        Batches of `comparators.generators.GroupSampler` with the same `items_per_label`.

    Relations:
        `CosineClassifier` learns one centre for each training label instead of averaging the batch's items.
        `WeightedObjectives` joins both.

    Example:
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> objective = GE2E(items_per_label=2)
        >>> bool(objective(embeddings, ops.array([3, 3, 7, 7])) < 0.01)
        True
        >>> float(objective.measures(embeddings, ops.array([3, 3, 7, 7]))["accuracy"])
        1.0

    Reference:
        Wan et al. 2018, Generalized end-to-end loss for speaker verification.
    """

    measure_names = ("accuracy",)

    def __init__(
        self, items_per_label: int, form: str = "softmax", scale: float = 10.0, bias: float = -5.0, **kwargs
    ):
        super().__init__(**kwargs)
        if items_per_label < 2:
            raise ValueError(
                "`items_per_label` must be at least 2: an item is compared with the centroid of the others of its "
                f"label. Received: items_per_label={items_per_label}."
            )
        if form not in ("softmax", "contrast"):
            raise ValueError(f"`form` must be 'softmax' or 'contrast'. Received: form={form!r}.")
        if scale <= 0:
            raise ValueError(f"`scale` must be positive. Received: scale={scale}.")
        self.items_per_label = int(items_per_label)
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
        order = self._order(embeddings, labels)
        similarity, own = self._similarity(embeddings, order)
        if self.form == "softmax":
            losses = ops.logsumexp(similarity, axis=-1) - ops.sum(ops.where(own, similarity, 0.0), axis=-1)
        else:
            probability = ops.sigmoid(similarity)
            others = ops.max(ops.where(own, 0.0, probability), axis=-1)
            losses = 1.0 - ops.sum(ops.where(own, probability, 0.0), axis=-1) + others
        if sample_weight is not None:
            sample_weight = ops.take(ops.reshape(sample_weight, (-1,)), order)
        return self.weighted_mean(ops.reshape(losses, (-1,)), sample_weight)

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns `accuracy`: the share of items whose own label is the most similar one."""
        similarity, own = self._similarity(embeddings, self._order(embeddings, labels))
        hardest = ops.max(ops.where(own, -float("inf"), similarity), axis=-1)
        correct = ops.sum(ops.where(own, similarity, 0.0), axis=-1) > hardest
        return {"accuracy": ops.mean(ops.cast(correct, "float32"))}

    def _order(self, embeddings: KerasTensor, labels: KerasTensor) -> KerasTensor:
        """Returns the order that brings the items of a label together."""
        num_items = embeddings.shape[0]
        if num_items is not None and (num_items % self.items_per_label or num_items < 2 * self.items_per_label):
            raise ValueError(
                f"GE2E needs batches of at least 2 labels with exactly items_per_label={self.items_per_label} items "
                f"each. Received: {num_items} embeddings. Draw the batches with `GroupSampler`."
            )
        return ops.argsort(ops.reshape(labels, (-1,)))

    def _similarity(self, embeddings: KerasTensor, order: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
        """Returns the similarity `(P, K, P)` of items and labels, and which of them are an item's own `(P, 1, P)`."""
        embeddings = ops.cast(embeddings, self.compute_dtype)
        dim = embeddings.shape[-1]
        groups = ops.reshape(ops.take(embeddings, order, axis=0), (-1, self.items_per_label, dim))
        directions = l2_normalize(groups)
        total = ops.sum(groups, axis=1, keepdims=True)
        centroids = l2_normalize(ops.squeeze(total, 1))
        own_centroids = l2_normalize(total - groups)
        cosine = ops.matmul(ops.reshape(directions, (-1, dim)), ops.transpose(centroids))
        num_labels = ops.shape(groups)[0]
        cosine = ops.reshape(cosine, (-1, self.items_per_label, num_labels))
        own_cosine = ops.sum(directions * own_centroids, axis=-1, keepdims=True)
        label = ops.arange(num_labels)
        own = label[:, None, None] == label[None, None, :]
        return self.scale * ops.where(own, own_cosine, cosine) + self.bias, own

    def get_config(self) -> dict:
        return super().get_config() | {
            "items_per_label": self.items_per_label,
            "form": self.form,
            "scale": self.initial_scale,
            "bias": self.initial_bias,
        }
