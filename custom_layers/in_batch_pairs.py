"""Every pair that a batch can form, scored from one embedding of each item."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.objective import Objective
from comparators.custom_layers.similarity_head import SimilarityHead


@keras.saving.register_keras_serializable("comparators")
class InBatchPairs(Objective):
    """Binary cross-entropy of a similarity head on all pairs of a batch.

    A batch of n items has n (n - 1) / 2 pairs and costs n encodings, where ready pairs cost two encodings each. Pairs
    of the same label are few among them, so both kinds are averaged on their own and then joined by `positive_share`.
    No item is paired with itself.

    Args:
        head: scores the pairs; a siamese network shares it with its own use.
        positive_share: weight of the pairs of one label, between 0 and 1.

    Call arguments:
        embeddings: `(batch, dim)`.
        labels: int `(batch,)`.
        sample_weight: of the items `(batch,)` or None; a pair weighs the product of its two.

    Returns:
        The loss, a scalar. Where the batch has pairs of one kind only, it is the mean of those; without any pair, 0.

    Raises:
        ValueError: `positive_share` does not lie between 0 and 1.
        TypeError: `head` is no `SimilarityHead`.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        Binary cross-entropy on ready pairs is the same loss with pairs drawn beforehand. `GE2E` and the losses of
        `comparators.losses` train embeddings without a head.

    Example:
        >>> objective = InBatchPairs(SimilarityHead())
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> {name: float(value) for name, value in objective.measures(embeddings, ops.array([3, 3, 7, 7])).items()}
        {'accuracy': 1.0, 'auc': 1.0, 'eer': 0.0}
    """

    measure_names = ("accuracy", "auc", "eer")

    def __init__(self, head: SimilarityHead, positive_share: float = 0.5, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(head, SimilarityHead):
            raise TypeError(f"`head` must be a `SimilarityHead`. Received: head={head!r}.")
        if not 0 < positive_share < 1:
            raise ValueError(
                f"`positive_share` must lie between 0 and 1. Received: positive_share={positive_share}. "
                "0.5 weighs both kinds of pairs alike."
            )
        self.head = head
        self.positive_share = float(positive_share)

    def build(self, embeddings_shape: tuple) -> None:
        if not self.head.built:
            self.head.build((embeddings_shape, embeddings_shape))

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        logits = self._logits(embeddings)
        same, different = self._shares(labels, logits.dtype, sample_weight)
        some_same, some_different = ops.any(same > 0), ops.any(different > 0)
        share = ops.where(some_same, ops.where(some_different, self.positive_share, 1.0), 0.0)
        return ops.sum(same * ops.softplus(-logits)) * share + ops.sum(different * ops.softplus(logits)) * (1 - share)

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns accuracy (at the probability one half), area under the ROC curve and equal error rate of the pairs.

        Both kinds of pairs weigh alike. In a batch with pairs of one kind only, the last two are 0.5.
        """
        logits = self._logits(embeddings)
        same, different = self._shares(labels, logits.dtype)
        right, kinds = ops.sum(ops.where(logits > 0, same, different)), ops.sum(same) + ops.sum(different)
        order = ops.argsort(ops.reshape(-logits, (-1,)))
        accepted_same = ops.cumsum(ops.take(ops.reshape(same, (-1,)), order))
        different = ops.take(ops.reshape(different, (-1,)), order)
        false_rejects, false_accepts = 1 - accepted_same, ops.cumsum(different)
        # From all rejected to all accepted the gap rises from -1 to 1; the rates cross where it passes zero.
        gaps = ops.concatenate([-ops.ones((1,), logits.dtype), false_accepts - false_rejects])
        rates = ops.concatenate([ops.ones((1,), logits.dtype), false_rejects])
        after = ops.clip(ops.sum(ops.cast(gaps < 0, "int32")), 1, ops.shape(gaps)[0] - 1)
        gap, rate = ops.take(gaps, ops.stack([after - 1, after])), ops.take(rates, ops.stack([after - 1, after]))
        eer = rate[0] + gap[0] / ops.minimum(gap[0] - gap[1], -1e-12) * (rate[1] - rate[0])
        auc = ops.sum(different * accepted_same)
        measures = {"auc": ops.where(kinds > 1.5, auc, 0.5), "eer": ops.where(kinds > 1.5, eer, 0.5)}
        return {"accuracy": right / ops.maximum(kinds, 1.0), **measures}

    def _logits(self, embeddings: KerasTensor) -> KerasTensor:
        if not self.built:
            self.build(embeddings.shape)
        embeddings = ops.cast(embeddings, self.compute_dtype)
        return self.head.pairwise(embeddings, embeddings)

    def _shares(
        self, labels: KerasTensor, dtype: str, sample_weight: KerasTensor | None = None
    ) -> tuple[KerasTensor, KerasTensor]:
        """Returns the weights of pairs among those of the same label, and among the others; both sum to 1 (or 0)."""
        labels = ops.reshape(labels, (-1,))
        weights = ops.ones(ops.shape(labels), dtype)
        if sample_weight is not None:
            weights = ops.cast(ops.reshape(sample_weight, (-1,)), dtype)
        weights = ops.triu(weights[:, None] * weights, 1)
        same = labels[:, None] == labels
        shares = (ops.where(same, weights, 0.0), ops.where(same, 0.0, weights))
        return tuple(kind / ops.maximum(ops.sum(kind), 1e-12) for kind in shares)

    def get_config(self) -> dict:
        head = keras.saving.serialize_keras_object(self.head)
        return super().get_config() | {"head": head, "positive_share": self.positive_share}

    @classmethod
    def from_config(cls, config: dict) -> "InBatchPairs":
        return cls(**config | {"head": keras.saving.deserialize_keras_object(config["head"])})
