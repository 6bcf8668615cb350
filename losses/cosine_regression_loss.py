"""The cosine of a pair as its graded score."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import paired_distances
from comparators.losses.precise_loss import PreciseLoss, codes_of, split_views


@keras.saving.register_keras_serializable("comparators")
class CosineRegressionLoss(PreciseLoss):
    """The squared difference of a pair's cosine and its score.

    Use it where the cosine itself is to be the score. Scores must be such as a cosine can reach, from -1 to 1, and are
    usually from 0 to 1: divide judgements from 0 to 5 by 5, as `read_text_pairs(..., largest_score=5)` does.

    Args:
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        scores: of each pair, `(batch,)`, from -1 to 1.
        embeddings: `(batch, 2, dim)`.
        sample_weight: of the pairs, `(batch,)` or None.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: the embeddings are not those of pairs.

    Requirements:
        Pairs with graded scores, such as those of `read_text_pairs` in a `PairTable`.

    Relations:
        `CoSENTLoss` wants the order of the scores only. `PairContrastiveLoss` is for pairs that are the same or not.

    Example:
        >>> pairs = ops.array([[[1.0, 0.0], [2.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
        >>> float(CosineRegressionLoss()(ops.array([1.0, 0.5]), pairs))  # the mean of 0 and 1 / 4
        0.125

    Reference:
        Reimers and Gurevych 2019, Sentence-BERT: sentence embeddings using siamese BERT-networks.
    """

    def call(self, scores: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        a, b = split_views(embeddings, 2, self)
        cosines = 1.0 - paired_distances(a, b, "cosine")
        return ops.square(cosines - ops.cast(codes_of(scores), cosines.dtype))
