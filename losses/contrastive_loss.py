"""Contrastive loss on all pairs of a labelled batch."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import count, masked_sum
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class ContrastiveLoss(EmbeddingLoss):
    """Pulls items of one label together, and pushes those of different labels apart up to a margin.

    The term of a pair of one label is `distance ** 2 / 2`, that of another pair `max(0, margin - distance) ** 2 / 2`;
    the loss is their mean over all pairs of the batch. A batch of one label has the first kind only, a batch without
    two items of a label the second only.

    Args:
        margin: distance beyond which different labels are far enough apart, positive.
        distance: see `comparators.custom_layers.distances.pairwise_distances`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: `(batch,)` or None.

    Returns:
        The loss, a scalar. Without any pair it is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        `PairContrastiveLoss` is the same for ready pairs. `TripletLoss` compares distances with each other instead of
        with a fixed margin. `InBatchPairs` learns the distance that parts same from different.

    Example:
        >>> loss = ContrastiveLoss(margin=2.0)
        >>> float(loss(ops.array([5, 5, 8]), ops.array([[0.0], [1.0], [9.0]])))  # a third of the pairs is 1 / 2
        0.16666...

    Reference:
        Hadsell et al. 2006, Dimensionality reduction by learning an invariant mapping.
    """

    def __init__(self, margin: float = 1.0, distance: Distance = "euclidean", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(margin=margin)
        self.margin = float(margin)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        pulls = masked_sum(pull(matrix), positive)
        pushes = masked_sum(push(matrix, self.margin), negative)
        return pulls + pushes, count(ops.logical_or(positive, negative), matrix.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"margin": self.margin}


def pull(distances: KerasTensor) -> KerasTensor:
    """Returns the terms of pairs of one label."""
    return 0.5 * ops.square(distances)


def push(distances: KerasTensor, margin: float) -> KerasTensor:
    """Returns the terms of pairs of different labels."""
    return 0.5 * ops.square(ops.relu(margin - distances))
