"""Triplet loss on the triplets that a labelled batch can form."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss
from comparators.losses.masked import count, masked_max, masked_min, masked_sum
from comparators.losses.mining import next_farther_negative

MINING = ("batch_all", "batch_all_nonzero", "batch_hard", "semi_hard", "semi_hard_strict")
FORMS = ("hinge", "softplus")


@keras.saving.register_keras_serializable("comparators")
class TripletLoss(EmbeddingLoss):
    """Each item closer to those of its label than to any other, by a margin.

    A triplet is an anchor, a positive of its label and a negative of another one; its term is
    `max(0, distance to the positive - distance to the negative + margin)`. Which triplets count:

    - `"batch_all"`: all, `"batch_all_nonzero"`: all whose term is above 0 (as Hermans et al. recommend).
    - `"batch_hard"`: for each anchor the farthest positive and the nearest negative.
    - `"semi_hard"`: for each anchor and positive the nearest of the negatives that are farther than the positive; if
      there is none, the farthest negative. The usual choice, and steadier than `"batch_hard"` early in a training.
    - `"semi_hard_strict"`: all whose negative is farther than the positive, but by less than the margin.

    `"batch_all"`, `"batch_all_nonzero"` and `"semi_hard_strict"` cost `batch ** 3` in time and memory (512 items: half
    a gigabyte and more), the others `batch ** 2`.

    Args:
        margin: in units of the distance, not negative. FaceNet's 0.2 is for squared Euclidean distances of embeddings
            of length 1, which are twice the cosine distance: 0.1 here.
        mining: which triplets count, see above.
        distance: see `comparators.custom_layers.distances.pairwise_distances`.
        form: `"hinge"`, or `"softplus"`: `log(1 + exp(...))` instead of `max(0, ...)`, which goes on pulling; with
            `margin=0` it is the soft margin of Hermans et al.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`.
        embeddings: `(batch, dim)` or `(batch, views, dim)`.
        sample_weight: of the anchors, `(batch,)` or None.

    Returns:
        The loss, a scalar, the mean over the triplets that count. Without any, as in a batch of one label or of lone
        items, it is 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Batches with at least two labels and two items of each, such as those of
        `comparators.generators.GroupSampler`. For rows of three items take `ReadyTripletLoss`.

    Relations:
        `ContrastiveLoss` has a fixed distance in place of the comparison. `PNLoss` also keeps the positive away from
        the negative. `MultiSimilarityLoss` and `CircleLoss` weigh all pairs smoothly.

    Example:
        >>> loss = TripletLoss(margin=0.5, mining="batch_hard", distance="euclidean")
        >>> float(loss(ops.array([0, 0, 1]), ops.array([[0.0], [1.0], [2.0]])))  # the mean of 0 and 1 - 1 + 0.5
        0.25

    Reference:
        Schroff et al. 2015, FaceNet; Hermans et al. 2017, In defense of the triplet loss.
    """

    def __init__(
        self,
        margin: float = 0.1,
        mining: str = "semi_hard",
        distance: Distance = "cosine",
        form: str = "hinge",
        **kwargs,
    ):
        super().__init__(distance, **kwargs)
        check_triplet_arguments(margin, form)
        if mining not in MINING:
            raise ValueError(f"`mining` must be one of {', '.join(MINING)}. Received: mining={mining!r}.")
        self.margin = float(margin)
        self.mining = mining
        self.form = form

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        if self.mining == "batch_hard":
            farthest, nearest = masked_max(matrix, positive), masked_min(matrix, negative)
            valid = ops.logical_and(ops.any(positive, axis=-1), ops.any(negative, axis=-1))
            return self._reduce(farthest[:, None], nearest[:, None], valid[:, None])
        if self.mining == "semi_hard":
            chosen = ops.take_along_axis(matrix, next_farther_negative(matrix, negative), axis=1)
            valid = ops.logical_and(positive, ops.any(negative, axis=-1, keepdims=True))
            return self._reduce(matrix, chosen, valid)
        to_positive, to_negative = matrix[:, :, None], matrix[:, None, :]
        valid = ops.logical_and(positive[:, :, None], negative[:, None, :])
        if self.mining == "semi_hard_strict":
            farther = ops.logical_and(to_negative > to_positive, to_negative < to_positive + self.margin)
            valid = ops.logical_and(valid, farther)
        if self.mining == "batch_all_nonzero":
            valid = ops.logical_and(valid, to_positive - to_negative + self.margin > 0)
        return self._reduce(to_positive, to_negative, valid)

    def _reduce(
        self, to_positive: KerasTensor, to_negative: KerasTensor, valid: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        """Returns each anchor's sum and number of terms, from distances `(n, ...)` and which of them count."""
        losses = masked_sum(triplet_margin(to_positive, to_negative, self.margin, self.form), valid)
        counts = count(valid, losses.dtype)
        return (losses, counts) if len(losses.shape) == 1 else (ops.sum(losses, axis=1), ops.sum(counts, axis=1))

    def get_config(self) -> dict:
        return super().get_config() | {"margin": self.margin, "mining": self.mining, "form": self.form}


def triplet_margin(to_positive: KerasTensor, to_negative: KerasTensor, margin: float, form: str) -> KerasTensor:
    """Returns the terms of triplets from the distances of the anchor to the positive and to the negative."""
    gap = to_positive - to_negative + margin
    return ops.relu(gap) if form == "hinge" else ops.softplus(gap)


def check_triplet_arguments(margin: float, form: str) -> None:
    """Raises a ValueError that names the argument which is out of its range."""
    if not margin >= 0:
        raise ValueError(f"`margin` must not be negative. Received: margin={margin}.")
    if form not in FORMS:
        raise ValueError(f"`form` must be 'hinge' or 'softplus'. Received: form={form!r}.")
