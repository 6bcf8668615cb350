"""Equal error rate of scored pairs, streaming."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class PairEqualErrorRate(keras.metrics.Metric):
    """Equal error rate of pairs that come with a score, over all batches since the last reset, in constant memory.

    Use it with networks that score ready pairs. Scores go into one histogram for pairs of the same label and one for
    the others, and the rates where false accepts and false rejects cross are read from the sums. The value differs from
    the exact `comparators.metrics.equal_error_rate` by at most the share of one kind of pairs, the smaller of the two,
    in the one bin where the rates cross. With `num_bins=2000` over [-1, 1] a bin is .001 wide.

    It is NaN until both kinds of pairs were seen, and when a score is NaN.

    Args:
        minimum: lower end of the histograms; scores below count as in the first bin.
        maximum: upper end; scores above count as in the last bin.
        num_bins: number of bins.
        name: name of the metric.
        dtype: of the counts, float32 if None.

    Call arguments:
        y_true: 1 where the pair has the same label, else 0 `(batch,)` or `(batch, 1)`.
        y_pred: score of each pair, higher for the same, same shape.
        sample_weight: weight of each pair `(batch,)`, or None.

    Raises:
        ValueError: if the range is empty or `num_bins` is below 2.

    Example:
        >>> metric = PairEqualErrorRate()
        >>> metric.update_state([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9])
        >>> round(float(metric.result()), 3)
        0.5
    """

    def __init__(
        self,
        minimum: float = -1.0,
        maximum: float = 1.0,
        num_bins: int = 2000,
        name: str = "pair_eer",
        dtype: str | None = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if not minimum < maximum:
            raise ValueError(
                f"`minimum` must be below `maximum`. Received: minimum={minimum}, maximum={maximum}. "
                "Give the range of your scores."
            )
        if num_bins < 2:
            raise ValueError(f"`num_bins` must be at least 2. Received: num_bins={num_bins}.")
        self.minimum, self.maximum, self.num_bins = minimum, maximum, num_bins
        self.same_counts = self.add_variable((num_bins,), "zeros", name="same_counts")
        self.different_counts = self.add_variable((num_bins,), "zeros", name="different_counts")

    def update_state(self, y_true: KerasTensor, y_pred: KerasTensor, sample_weight: KerasTensor | None = None) -> None:
        scores = ops.cast(ops.reshape(ops.convert_to_tensor(y_pred), (-1,)), self.dtype)
        same = ops.cast(ops.reshape(ops.convert_to_tensor(y_true), (-1,)), self.dtype)
        weights = ops.ones_like(scores)
        if sample_weight is not None:
            weights = ops.cast(ops.reshape(ops.convert_to_tensor(sample_weight), (-1,)), self.dtype)
        self.add_pairs(scores, same, weights)

    def add_pairs(self, scores: KerasTensor, same: KerasTensor, weights: KerasTensor) -> None:
        """Adds pairs to the histograms.

        Args:
            scores: `(n,)`.
            same: 1 or 0 `(n,)`.
            weights: how much each pair counts `(n,)`.
        """
        scores = ops.stop_gradient(scores)
        weights = ops.where(ops.logical_and(ops.isnan(scores), weights > 0), scores, weights)  # NaN must stay visible
        position = (scores - self.minimum) * (self.num_bins / (self.maximum - self.minimum))
        position = ops.clip(ops.where(ops.isnan(scores), 0.0, position), 0, self.num_bins - 1)
        counts = ops.segment_sum(
            ops.stack([same * weights, (1 - same) * weights], axis=-1),
            ops.cast(ops.floor(position), "int32"),
            num_segments=self.num_bins,
        )
        self.same_counts.assign_add(counts[:, 0])
        self.different_counts.assign_add(counts[:, 1])

    def result(self) -> KerasTensor:
        # Operating points at the lower edges of the bins, and above the last one.
        rejected = ops.pad(ops.cumsum(self.same_counts), [[1, 0]])
        passed_over = ops.pad(ops.cumsum(self.different_counts), [[1, 0]])
        false_rejects = rejected / rejected[-1]
        false_accepts = 1 - passed_over / passed_over[-1]
        gaps = false_rejects - false_accepts  # from -1 up to 1
        after = ops.clip(ops.sum(ops.cast(gaps < 0, "int32")), 1, self.num_bins)
        ends = ops.stack([after - 1, after])
        gap, rate = ops.take(gaps, ends), ops.take(false_rejects, ends)
        return rate[0] + gap[0] / (gap[0] - gap[1]) * (rate[1] - rate[0])

    def get_config(self) -> dict:
        return {**super().get_config(), "minimum": self.minimum, "maximum": self.maximum, "num_bins": self.num_bins}
