"""Which items are in a batch: drawn with replacement, rare ones more often."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.generators.row_sampler import RowSampler


class WeightedSampler(RowSampler):
    """Draws as many items an epoch as there are, with replacement, each with a probability by its weight.

    With `balanced_weights`, items of rare labels come more often, as AudioSet is trained on.

    Args:
        weights: of the items `(n,)`; their unit does not matter.
        batch_size: items of a batch.
        seed: a non-negative integer.

    Attributes:
        num_batches: in an epoch.

    Raises:
        ValueError: a weight is negative or not finite, or all are zero; see also `RowSampler`.

    Example:
        >>> sampler = WeightedSampler([1, 0, 3, 0], batch_size=4)
        >>> set(sampler.batch(epoch=0, index=0).tolist()) <= {0, 2}
        True
    """

    rows = "items"

    def __init__(self, weights: ArrayLike, batch_size: int, seed: int = 0):
        weights = np.asarray(weights, np.float64)
        if weights.ndim != 1 or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
            raise ValueError(
                "`weights` must be one number for each item, not negative and not all zero. "
                f"Received: shape {weights.shape}, from {weights.min(initial=0)} to {weights.max(initial=0)}."
            )
        super().__init__(len(weights), batch_size, seed)
        self.probabilities = weights / weights.sum()

    def draw(self, epoch: int) -> np.ndarray:
        """Draws the items of an epoch, int64 `(num_rows,)`."""
        return self.random(20, epoch).choice(self.num_rows, self.num_rows, p=self.probabilities)


def balanced_weights(targets: ArrayLike) -> np.ndarray:
    """Weighs items by how rare their labels are: the sum over an item's labels of 1000 / (count of the label + .01).

    Args:
        targets: 1 where an item has a label, else 0, `(n, classes)`.

    Returns:
        float64 `(n,)`; 0 for an item without labels.

    Raises:
        ValueError: the targets have another form.

    Example:
        >>> balanced_weights([[1, 0], [1, 0], [1, 1]]).round(1).tolist()
        [332.2, 332.2, 1322.3]

    Reference:
        Gong et al. 2021, PSLA: improving audio tagging with pretraining, sampling, labeling, and aggregation.
    """
    targets = np.asarray(targets, np.float64)
    if targets.ndim != 2:
        raise ValueError(f"`targets` must be `(n, classes)`. Received: shape {targets.shape}.")
    return targets @ (1000.0 / (targets.sum(axis=0) + 0.01))
