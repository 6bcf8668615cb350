"""Circle loss."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import masked_logsumexp
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class CircleLoss(EmbeddingLoss):
    """Weighs each pair by how far its similarity is from its goal.

    With the similarity s = 1 - distance, an anchor's loss is `softplus(logsumexp(negatives) + logsumexp(positives))`,
    of `scale * max(0, s + margin) * (s - margin)` for a negative and
    `-scale * max(0, 1 + margin - s) * (s - (1 - margin))` for a positive. The factors `max(0, ...)` are weights
    without gradient, as in the paper.

    Args:
        margin: between 0 and 1: negatives should get below it, positives above 1 less it.
        scale: positive, gamma in the paper, which takes 256 for faces, 128 for persons and 80 for birds and cars.
        distance: see `comparators.custom_layers.distances.pairwise_distances`; the paper's is `"cosine"`, for which
            the numbers above are meant.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: of the anchors, `(batch,)` or None.

    Returns:
        The loss, a scalar, the mean over the anchors with positives and negatives. Without any, as in a batch of one
        label or of lone items, it is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        With equal weights for all pairs it would be a smooth `TripletLoss` of the hardest triplets.
        `MultiSimilarityLoss` treats positives and negatives apart.

    Example:
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> bool(CircleLoss()(ops.array([3, 3, 7, 7]), embeddings) < 0.01)
        True

    Reference:
        Sun et al. 2020, Circle loss: a unified perspective of pair similarity optimization.
    """

    def __init__(self, margin: float = 0.25, scale: float = 256.0, distance: Distance = "cosine", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(scale=scale)
        if not 0 <= margin < 1:
            raise ValueError(f"`margin` must lie between 0 and 1. Received: margin={margin}.")
        self.margin = float(margin)
        self.scale = float(scale)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        similarity = 1.0 - matrix
        push = ops.stop_gradient(ops.relu(similarity + self.margin))
        pull = ops.stop_gradient(ops.relu(1.0 + self.margin - similarity))
        pushes = masked_logsumexp(self.scale * push * (similarity - self.margin), negative)
        pulls = masked_logsumexp(-self.scale * pull * (similarity - (1.0 - self.margin)), positive)
        valid = ops.logical_and(ops.any(positive, axis=-1), ops.any(negative, axis=-1))
        return ops.where(valid, ops.softplus(pushes + pulls), 0.0), ops.cast(valid, matrix.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"margin": self.margin, "scale": self.scale}
