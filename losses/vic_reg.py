"""VICReg: two views agree, each dimension varies, and no two dimensions vary together."""

import keras
from keras import KerasTensor, ops

from comparators.losses.barlow_twins import off_diagonal_squares
from comparators.losses.precise_loss import PreciseLoss, check_positive, split_views

_EPSILON = 1e-4  # of the paper, under the root of the variance


@keras.saving.register_keras_serializable("comparators")
class VICReg(PreciseLoss):
    """Weighs three parts: invariance, variance and covariance.

    - invariance: the mean squared difference of the two views.
    - variance: for each view the mean over the dimensions of `max(0, 1 - standard deviation)`.
    - covariance: for each view the sum of the squared covariances of different dimensions, divided by `dim`.

    Args:
        invariance_weight: of the first part, positive.
        variance_weight: of the second part, positive.
        covariance_weight: of the third part, positive.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: anything of one value a row; they do not count.
        embeddings: `(batch, 2, dim)`, two views of each item, not normalised to length 1.
        sample_weight: None; the loss is one of the whole batch, and weights would only scale it by their mean.

    Returns:
        The loss, a scalar. Where all items are equal, or for a batch of one, nothing varies: it is close to
        `2 * variance_weight`.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of two views.

    Requirements:
        Two views of each item, such as those of `comparators.generators.TwoViews`.

    Relations:
        `BarlowTwins` correlates the views with each other. `NTXent` needs negatives instead.

    Example:
        >>> views = ops.repeat(ops.array([[[1.0, 1.0]], [[1.0, -1.0]], [[-1.0, 1.0]], [[-1.0, -1.0]]]), 2, axis=1)
        >>> float(VICReg()(ops.arange(4), views))
        0.0

    Reference:
        Bardes et al. 2022, VICReg: variance-invariance-covariance regularization for self-supervised learning (the
        mean squared difference is that of its algorithm 1).
    """

    def __init__(
        self,
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(
            invariance_weight=invariance_weight, variance_weight=variance_weight, covariance_weight=covariance_weight
        )
        self.invariance_weight = float(invariance_weight)
        self.variance_weight = float(variance_weight)
        self.covariance_weight = float(covariance_weight)

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        a, b = split_views(embeddings, 2, self)
        loss = self.invariance_weight * ops.mean(ops.square(a - b))
        for view in (a, b):
            variance, covariance = _spread(view)
            loss = loss + self.variance_weight * variance + self.covariance_weight * covariance
        return ops.broadcast_to(loss, (ops.shape(embeddings)[0],))

    def get_config(self) -> dict:
        return super().get_config() | {
            "invariance_weight": self.invariance_weight,
            "variance_weight": self.variance_weight,
            "covariance_weight": self.covariance_weight,
        }


def _spread(view: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
    """Returns the variance part and the covariance part of one view `(batch, dim)`."""
    centered = view - ops.mean(view, axis=0)
    degrees = ops.maximum(ops.cast(ops.shape(view)[0], view.dtype) - 1.0, 1.0)
    covariance = ops.matmul(ops.transpose(centered), centered) / degrees
    deviations = ops.sqrt(ops.diagonal(covariance) + _EPSILON)
    return ops.mean(ops.relu(1.0 - deviations)), off_diagonal_squares(covariance) / view.shape[-1]
