"""Contrastive loss on ready pairs."""

import keras
from keras import KerasTensor

from comparators.custom_layers.distances import Distance, check_distance, paired_distances
from comparators.losses.contrastive_loss import pull, push
from comparators.losses.precise_loss import PreciseLoss, check_positive, codes_of, split_views


@keras.saving.register_keras_serializable("comparators")
class PairContrastiveLoss(PreciseLoss):
    """Pulls the two items of a "same" pair together, and pushes those of another pair apart up to a margin.

    The term of a pair is `same * distance ** 2 / 2 + (1 - same) * max(0, margin - distance) ** 2 / 2`.

    Args:
        margin: distance beyond which different items are far enough apart, positive.
        distance: see `comparators.custom_layers.distances.pairwise_distances`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        same: of each pair, `(batch,)`: 1 for the same label, 0 for different ones, or a degree between.
        embeddings: `(batch, 2, dim)`.
        sample_weight: of the pairs, `(batch,)` or None.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of pairs.

    Requirements:
        Pairs of both kinds, such as those of `comparators.generators.Pairs`.

    Relations:
        `ContrastiveLoss` takes labelled items and uses all pairs of a batch, from one encoding of each item.

    Example:
        >>> from keras import ops
        >>> pairs = ops.array([[[0.0], [1.0]], [[0.0], [0.5]]])
        >>> float(PairContrastiveLoss(margin=1.0)(ops.array([1.0, 0.0]), pairs))  # the mean of 1 / 2 and 1 / 8
        0.3125

    Reference:
        Hadsell et al. 2006, Dimensionality reduction by learning an invariant mapping.
    """

    def __init__(self, margin: float = 1.0, distance: Distance = "euclidean", **kwargs):
        super().__init__(**kwargs)
        check_positive(margin=margin)
        self.margin = float(margin)
        self.distance = check_distance(distance)

    def call(self, same: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        a, b = split_views(embeddings, 2, self)
        distances, same = paired_distances(a, b, self.distance), codes_of(same)
        return same * pull(distances) + (1.0 - same) * push(distances, self.margin)

    def get_config(self) -> dict:
        distance = keras.saving.serialize_keras_object(self.distance)
        return super().get_config() | {"margin": self.margin, "distance": distance}
