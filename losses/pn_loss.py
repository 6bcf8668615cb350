"""PN loss: a triplet loss that keeps the positive away from the negative too."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance, paired_distances
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import ABSENT
from comparators.losses.mining import next_farther_negative
from comparators.losses.triplet_loss import check_triplet_arguments, triplet_margin

MINING = ("batch_hard", "semi_hard")


@keras.saving.register_keras_serializable("comparators")
class PNLoss(EmbeddingLoss):
    """Each item closer to its farthest positive than both of them are to a negative, by a margin.

    For each anchor the positive is the farthest one; its term is `max(0, distance to the positive - distance to the
    negative + margin)`, where the negative's distance is the smaller one of those to the anchor and to the positive.
    The negative is

    - `"batch_hard"`: the anchor's nearest.
    - `"semi_hard"`: the nearest of those that are farther than the positive; if there is none, the farthest.

    Args:
        margin: in units of the distance, not negative.
        mining: which negative counts, see above.
        distance: see `comparators.custom_layers.distances.pairwise_distances`.
        form: `"hinge"`, or `"softplus"` for `log(1 + exp(...))` instead of `max(0, ...)`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: of the anchors, `(batch,)` or None.

    Returns:
        The loss, a scalar, the mean over the anchors with positives and negatives. Without any, as in a batch of one
        label or of lone items, it is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`.

    Relations:
        `TripletLoss` with `mining="batch_hard"` has the same triplets, and looks at the negative from the anchor only.
        It has no `terms`: a positive's distance to a negative is not in the anchors' distances.

    Example:
        >>> loss = PNLoss(margin=0.5, mining="batch_hard", distance="euclidean")
        >>> float(loss(ops.array([0, 0, 1]), ops.array([[0.0], [1.0], [2.0]])))  # both: 1 - 1 + 0.5
        0.5

    Reference:
        Balntas et al. 2016, PN-Net: conjoined triple deep network for learning local image descriptors; Szubert et al.
        2019, Structure-preserving visualisation of high dimensional single-cell datasets.
    """

    def __init__(
        self,
        margin: float = 1.0,
        mining: str = "semi_hard",
        distance: Distance = "cosine",
        form: str = "hinge",
        **kwargs,
    ):
        super().__init__(distance, **kwargs)
        check_triplet_arguments(margin, form)
        if mining not in MINING:
            raise ValueError(f"`mining` must be 'batch_hard' or 'semi_hard'. Received: mining={mining!r}.")
        self.margin = float(margin)
        self.mining = mining
        self.form = form

    def evaluate(
        self, anchors: KerasTensor, references: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        matrix = self.compare(anchors, references)
        farthest = ops.argmax(ops.where(positive, matrix, -ABSENT), axis=-1)
        if self.mining == "batch_hard":
            chosen = ops.argmin(ops.where(negative, matrix, ABSENT), axis=-1)
        else:
            chosen = _at(next_farther_negative(matrix, negative), farthest)
        between = paired_distances(
            ops.take(references, farthest, axis=0), ops.take(references, chosen, axis=0), self.distance
        )
        to_negative = ops.minimum(_at(matrix, chosen), between)
        losses = triplet_margin(_at(matrix, farthest), to_negative, self.margin, self.form)
        valid = ops.logical_and(ops.any(positive, axis=-1), ops.any(negative, axis=-1))
        return ops.where(valid, losses, 0.0), ops.cast(valid, matrix.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"margin": self.margin, "mining": self.mining, "form": self.form}


def _at(matrix: KerasTensor, columns: KerasTensor) -> KerasTensor:
    """Returns the value of each row in its column, `(n,)`."""
    return ops.take_along_axis(matrix, columns[:, None], axis=1)[:, 0]
