"""Lifted structure loss."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import count, masked_logsumexp, masked_sum
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class LiftedStructureLoss(EmbeddingLoss):
    """Each pair of one label closer than both of its items are to all of their negatives.

    The term of a positive pair (i, j) is half the square of
    `max(0, distance(i, j) + log(sum(exp(margin - distance))))`, the sum over the negatives of i and those of j: the
    smooth bound of the paper. `TripletLoss` and `SoftNearestNeighborLoss` serve where its generalised form, with a sum
    over the anchor's positives too, would.

    Args:
        margin: in units of the distance, positive.
        distance: see `comparators.custom_layers.distances.pairwise_distances`; the paper's is `"euclidean"`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: of the anchors, `(batch,)` or None.

    Returns:
        The loss, a scalar, the mean over the positive pairs. Without any, and for a batch of one label, it is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`. Against other references (`against`), the negatives of a reference are
        the anchors of other labels.

    Relations:
        `TripletLoss` takes one negative at a time, and only those of the anchor.

    Example:
        >>> loss = LiftedStructureLoss()
        >>> float(loss(ops.array([5, 5, 8]), ops.array([[0.0], [1.0], [9.0]])))
        0.0

    Reference:
        Song et al. 2016, Deep metric learning via lifted structured feature embedding.
    """

    def __init__(self, margin: float = 1.0, distance: Distance = "euclidean", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(margin=margin)
        self.margin = float(margin)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        of_anchors = masked_logsumexp(self.margin - matrix, negative)
        of_references = masked_logsumexp(self.margin - ops.transpose(matrix), ops.transpose(negative))
        gaps = matrix + ops.logaddexp(of_anchors[:, None], of_references[None, :])
        return masked_sum(0.5 * ops.square(ops.relu(gaps)), positive), count(positive, matrix.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"margin": self.margin}
