"""Barlow Twins: two views agree in each dimension, and no dimension tells what another tells."""

import keras
from keras import KerasTensor, ops

from comparators.losses.precise_loss import PreciseLoss, check_positive, split_views

_EPSILON = 1e-5  # that of the batch normalisation in the authors' code


@keras.saving.register_keras_serializable("comparators")
class BarlowTwins(PreciseLoss):
    """Brings the correlations of the dimensions of two views close to the identity.

    Each dimension of each view is standardised over the batch; of the `(dim, dim)` matrix of their correlations, the
    loss is the sum of `(1 - c) ** 2` on the diagonal plus `redundancy_weight` times the sum of `c ** 2` off it.

    Args:
        redundancy_weight: of what is off the diagonal, positive; lambda in the paper.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: anything of one value a row; they do not count.
        embeddings: `(batch, 2, dim)`, two views of each item.
        sample_weight: None; the loss is one of the whole batch, and weights would only scale it by their mean.

    Returns:
        The loss, a scalar. Where all items are equal, or for a batch of one, nothing correlates: it is `dim`.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of two views.

    Requirements:
        Two views of each item, such as those of `comparators.generators.TwoViews`; a large `dim`.

    Relations:
        `VICReg` keeps each view's dimensions apart on their own. `NTXent` needs negatives instead.

    Example:
        >>> views = ops.repeat(ops.array([[[1.0, 1.0]], [[1.0, -1.0]], [[-1.0, 1.0]], [[-1.0, -1.0]]]), 2, axis=1)
        >>> bool(BarlowTwins()(ops.arange(4), views) < 1e-6)
        True

    Reference:
        Zbontar et al. 2021, Barlow Twins: self-supervised learning via redundancy reduction.
    """

    def __init__(self, redundancy_weight: float = 0.005, **kwargs):
        super().__init__(**kwargs)
        check_positive(redundancy_weight=redundancy_weight)
        self.redundancy_weight = float(redundancy_weight)

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        a, b = (_standardize(view) for view in split_views(embeddings, 2, self))
        num_rows = ops.shape(embeddings)[0]
        correlation = ops.matmul(ops.transpose(a), b) / ops.cast(num_rows, a.dtype)
        agreement = ops.sum(ops.square(1.0 - ops.diagonal(correlation)))
        loss = agreement + self.redundancy_weight * off_diagonal_squares(correlation)
        return ops.broadcast_to(loss, (num_rows,))

    def get_config(self) -> dict:
        return super().get_config() | {"redundancy_weight": self.redundancy_weight}


def off_diagonal_squares(matrix: KerasTensor) -> KerasTensor:
    """Returns the sum of the squares of what is off the diagonal of a matrix `(dim, dim)`."""
    return ops.sum(ops.square(matrix * (1.0 - ops.eye(matrix.shape[-1], dtype=matrix.dtype))))


def _standardize(view: KerasTensor) -> KerasTensor:
    centered = view - ops.mean(view, axis=0)
    return centered * ops.rsqrt(ops.mean(ops.square(centered), axis=0) + _EPSILON)
