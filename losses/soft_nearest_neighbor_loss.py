"""Soft nearest neighbour loss."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import masked_logsumexp
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class SoftNearestNeighborLoss(EmbeddingLoss):
    """How surely a neighbour that is drawn by its distance has the anchor's label.

    An anchor's loss is `-log` of the share of its label in the softmax of `-distance / temperature` over all other
    items. One close positive is enough, so that a label may fall into several clusters.

    Args:
        temperature: positive; lower ones look at the nearest items only.
        distance: see `comparators.custom_layers.distances.pairwise_distances`; the paper's is `"squared_euclidean"`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: of the anchors, `(batch,)` or None.

    Returns:
        The loss, a scalar, the mean over the anchors with positives. Without any, and for a batch of one label, it
        is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        `SupConLoss` takes the mean over the positives outside of the logarithm, and so gathers all of them.

    Example:
        >>> loss = SoftNearestNeighborLoss()
        >>> bool(loss(ops.array([5, 5, 8]), ops.array([[0.0], [1.0], [9.0]])) < 1e-6)
        True

    Reference:
        Frosst et al. 2019, Analyzing and improving representations with the soft nearest neighbor loss.
    """

    def __init__(self, temperature: float = 1.0, distance: Distance = "squared_euclidean", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(temperature=temperature)
        self.temperature = float(temperature)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        logits = -matrix / self.temperature
        # log((positives + negatives) / positives): no difference of two nearly equal sums where the label is sure.
        losses = ops.softplus(masked_logsumexp(logits, negative) - masked_logsumexp(logits, positive))
        has_positive = ops.any(positive, axis=-1)
        return ops.where(has_positive, losses, 0.0), ops.cast(has_positive, matrix.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature}
