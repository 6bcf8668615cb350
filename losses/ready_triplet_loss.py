"""Triplet loss on ready triplets."""

import keras
from keras import KerasTensor

from comparators.custom_layers.distances import Distance, check_distance, paired_distances
from comparators.losses.precise_loss import PreciseLoss, split_views
from comparators.losses.triplet_loss import check_triplet_arguments, triplet_margin


@keras.saving.register_keras_serializable("comparators")
class ReadyTripletLoss(PreciseLoss):
    """The anchor of each row closer to its positive than to its negative, by a margin.

    The term of a row is `max(0, distance to the positive - distance to the negative + margin)`.

    Args:
        margin: in units of the distance, not negative.
        distance: see `comparators.custom_layers.distances.pairwise_distances`.
        form: `"hinge"`, or `"softplus"` for `log(1 + exp(...))` instead of `max(0, ...)`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: anything of one value a row; they do not count.
        embeddings: `(batch, 3, dim)`: anchor, positive and negative.
        sample_weight: of the rows, `(batch,)` or None.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of triplets.

    Requirements:
        Triplets, such as those of `comparators.generators.Triplets`.

    Relations:
        `TripletLoss` takes labelled items and finds the triplets in the batch: more of them, and harder ones, from one
        encoding of each item.

    Example:
        >>> from keras import ops
        >>> triplets = ops.array([[[0.0], [1.0], [3.0]], [[0.0], [2.0], [1.0]]])
        >>> float(ReadyTripletLoss(margin=0.5, distance="euclidean")(ops.array([0, 0]), triplets))
        0.75

    Reference:
        Schroff et al. 2015, FaceNet.
    """

    def __init__(self, margin: float = 0.1, distance: Distance = "cosine", form: str = "hinge", **kwargs):
        super().__init__(**kwargs)
        check_triplet_arguments(margin, form)
        self.margin = float(margin)
        self.distance = check_distance(distance)
        self.form = form

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        anchor, positive, negative = split_views(embeddings, 3, self)
        to_positive = paired_distances(anchor, positive, self.distance)
        to_negative = paired_distances(anchor, negative, self.distance)
        return triplet_margin(to_positive, to_negative, self.margin, self.form)

    def get_config(self) -> dict:
        distance = keras.saving.serialize_keras_object(self.distance)
        return super().get_config() | {"margin": self.margin, "distance": distance, "form": self.form}
