"""CoSENT: cosines of pairs in the order of their graded scores."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import paired_distances
from comparators.losses.masked import masked_logsumexp
from comparators.losses.precise_loss import PreciseLoss, check_positive, codes_of, split_views


@keras.saving.register_keras_serializable("comparators")
class CoSENTLoss(PreciseLoss):
    """Puts the cosines of pairs in the order of their scores, without saying how large a cosine should be.

    With the cosines `c` of the pairs of a batch, it is `log(1 + sum(exp(scale * (c_j - c_i))))`, where the sum goes
    over all i and j of which pair i has the higher score.

    Args:
        scale: of the differences of cosines, positive; 20 in the reference, a temperature of .05.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        scores: how alike the two items of each pair are, `(batch,)`, in any unit: only their order counts.
        embeddings: `(batch, 2, dim)`.
        sample_weight: None; the loss is one of the whole batch, and weights would only scale it by their mean.

    Returns:
        The loss, a scalar. Where all scores of a batch are equal there is nothing to put in order: it is 0.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of pairs.

    Requirements:
        Pairs with graded scores, such as those of `read_text_pairs` in a `PairTable`, in batches of several scores.

    Relations:
        `CosineRegressionLoss` takes each pair on its own, and its score for the cosine itself.

    Example:
        >>> pairs = ops.array([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
        >>> right, wrong = (float(CoSENTLoss()(ops.array(scores), pairs)) for scores in ([4.5, 1.0], [1.0, 4.5]))
        >>> round(right, 3), round(wrong, 3)
        (0.0, 20.0)

    Reference:
        Su 2022, CoSENT: a more efficient sentence vector scheme than Sentence-BERT (https://kexue.fm/archives/8847);
        Huang et al. 2024, CoSENT: consistent sentence embedding via similarity ranking.
    """

    def __init__(self, scale: float = 20.0, **kwargs):
        super().__init__(**kwargs)
        check_positive(scale=scale)
        self.scale = float(scale)

    def call(self, scores: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        scores, (a, b) = codes_of(scores), split_views(embeddings, 2, self)
        logits = -self.scale * paired_distances(a, b, "cosine")
        differences = logits[None, :] - logits[:, None]
        in_order = scores[:, None] > scores[None, :]
        loss = ops.softplus(masked_logsumexp(ops.reshape(differences, (-1,)), ops.reshape(in_order, (-1,))))
        return ops.broadcast_to(loss, ops.shape(scores))

    def get_config(self) -> dict:
        return super().get_config() | {"scale": self.scale}
