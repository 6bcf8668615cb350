"""Equal error rate of the pairs in each batch, streaming."""

import keras
from keras import KerasTensor, ops

from comparators.callbacks.pair_equal_error_rate import PairEqualErrorRate


@keras.saving.register_keras_serializable("comparators")
class EqualErrorRate(PairEqualErrorRate):
    """Equal error rate of all pairs within each batch, by cosine, over all batches since the last reset.

    Use it as `compile(metrics=[EqualErrorRate()])` with a model that maps items to embeddings, to watch `fit`. Pairs
    across batches are not formed; for the error on all pairs of a validation set see `EmbeddingMonitor`. Memory is
    constant, and the value differs from the exact one by at most the share of pairs in one bin of cosines, see
    `PairEqualErrorRate`: with 2,000 bins a bin is .001 wide.

    Args:
        num_bins: number of bins of each histogram over cosines from -1 to 1.
        name: name of the metric.
        dtype: of cosines and counts, float32 if None.

    Call arguments:
        y_true: label codes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dim)`, of any length.
        sample_weight: weight of each item `(batch,)`, or None; a pair weighs the product of its two.

    Raises:
        ValueError: if `num_bins` is below 2.

    Example:
        >>> metric = EqualErrorRate()
        >>> metric.update_state([0, 0, 1, 1], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> round(float(metric.result()), 3)
        0.0
    """

    def __init__(self, num_bins: int = 2000, name: str = "batch_eer", dtype: str | None = None):
        super().__init__(-1.0, 1.0, num_bins, name=name, dtype=dtype)

    def update_state(self, y_true: KerasTensor, y_pred: KerasTensor, sample_weight: KerasTensor | None = None) -> None:
        labels = ops.reshape(ops.convert_to_tensor(y_true), (-1,))
        unit = ops.normalize(ops.cast(ops.convert_to_tensor(y_pred), self.dtype), axis=-1)
        cosines = ops.matmul(unit, ops.transpose(unit))
        weights = ops.triu(ops.ones_like(cosines), 1)
        if sample_weight is not None:
            of_items = ops.cast(ops.reshape(ops.convert_to_tensor(sample_weight), (-1,)), self.dtype)
            weights = weights * of_items[:, None] * of_items
        same = ops.cast(labels[:, None] == labels, self.dtype)
        self.add_pairs(ops.reshape(cosines, (-1,)), ops.reshape(same, (-1,)), ops.reshape(weights, (-1,)))

    def get_config(self) -> dict:
        return {"name": self.name, "dtype": self.dtype, "num_bins": self.num_bins}
