"""Supervised contrastive loss."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import count, masked_logsumexp, masked_sum
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class SupConLoss(EmbeddingLoss):
    """Cross-entropy of each item's positives among all other items of the batch.

    With the logits `-distance / temperature`, an anchor's loss is the mean over its positives of
    `logsumexp(logits of all others) - logit of the positive`: the form with the sum outside of the logarithm, without
    the authors' extra factor for the temperature. Items alone with their label have no loss of their own. A batch of
    one label is spread evenly: its loss is not 0.

    Args:
        temperature: positive; lower ones look more at the nearest items.
        distance: see `comparators.custom_layers.distances.pairwise_distances`; the paper's is `"cosine"`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: `(batch,)` or None.

    Returns:
        The loss, a scalar. Without any positive it is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`; large ones help. Two views of each item make even lone items useful.

    Relations:
        `NTXent` is the same for two views of items without labels. `SoftNearestNeighborLoss` has the sum over the
        positives inside of the logarithm, and so is content with one close positive.

    Example:
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> bool(SupConLoss()(ops.array([3, 3, 7, 7]), embeddings) < 0.01)
        True

    Reference:
        Khosla et al. 2020, Supervised contrastive learning.
    """

    def __init__(self, temperature: float = 0.1, distance: Distance = "cosine", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(temperature=temperature)
        self.temperature = float(temperature)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        logits = -matrix / self.temperature
        num_positives = count(positive, matrix.dtype)
        mean_positive = masked_sum(logits, positive) / ops.maximum(num_positives, 1.0)
        losses = masked_logsumexp(logits, ops.logical_or(positive, negative)) - mean_positive
        has_positive = num_positives > 0
        return ops.where(has_positive, losses, 0.0), ops.cast(has_positive, matrix.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature}
