"""Multi-similarity loss."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import masked_logsumexp, masked_max, masked_min
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class MultiSimilarityLoss(EmbeddingLoss):
    """Weighs each pair by its own similarity and by those of the anchor's other pairs.

    With the similarity s = 1 - distance, an anchor's loss is `log(1 + sum(exp(-alpha (s - base)))) / alpha` over its
    positives plus `log(1 + sum(exp(beta (s - base)))) / beta` over its negatives. The paper's mining first drops the
    easy pairs: it keeps positives less similar than the most similar negative, and negatives more similar than the
    least similar positive, both by a tolerance.

    Args:
        alpha: sharpness for positives, positive.
        beta: sharpness for negatives, positive.
        base: similarity that negatives should stay below and positives above; the authors' code has 0.5.
        mining_tolerance: of the mining, in units of the similarity, not negative; None keeps all pairs.
        distance: see `comparators.custom_layers.distances.pairwise_distances`; the paper's is `"cosine"`, for which
            the numbers above are meant.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: of the anchors, `(batch,)` or None.

    Returns:
        The loss, a scalar, the mean over all anchors. Mining drops all pairs of an anchor that lacks positives or
        negatives, so that its loss is 0, as is that of a batch of one label; without mining the kind that is there
        counts.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        `CircleLoss` weighs each pair by how far it is from its goal. `TripletLoss` mines whole triplets.

    Example:
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> float(MultiSimilarityLoss()(ops.array([3, 3, 7, 7]), embeddings))  # mining keeps nothing
        0.0

    Reference:
        Wang et al. 2019, Multi-similarity loss with general pair weighting for deep metric learning.
    """

    def __init__(
        self,
        alpha: float = 2.0,
        beta: float = 50.0,
        base: float = 0.5,
        mining_tolerance: float | None = 0.1,
        distance: Distance = "cosine",
        **kwargs,
    ):
        super().__init__(distance, **kwargs)
        check_positive(alpha=alpha, beta=beta)
        if mining_tolerance is not None and not mining_tolerance >= 0:
            raise ValueError(
                f"`mining_tolerance` must not be negative. Received: mining_tolerance={mining_tolerance}. "
                "None keeps all pairs."
            )
        self.alpha, self.beta, self.base = float(alpha), float(beta), float(base)
        self.mining_tolerance = mining_tolerance

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        similarity = 1.0 - matrix
        if self.mining_tolerance is not None:
            hardest_negative = masked_max(similarity, negative)[:, None]
            hardest_positive = masked_min(similarity, positive)[:, None]
            positive = ops.logical_and(positive, similarity - self.mining_tolerance < hardest_negative)
            negative = ops.logical_and(negative, similarity + self.mining_tolerance > hardest_positive)
        excess = similarity - self.base
        pulls = ops.softplus(masked_logsumexp(-self.alpha * excess, positive)) / self.alpha
        pushes = ops.softplus(masked_logsumexp(self.beta * excess, negative)) / self.beta
        return pulls + pushes, ops.ones_like(pulls)

    def get_config(self) -> dict:
        return super().get_config() | {
            "alpha": self.alpha,
            "beta": self.beta,
            "base": self.base,
            "mining_tolerance": self.mining_tolerance,
        }
