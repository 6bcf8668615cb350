"""The sigmoid loss of two roles: each pair of a batch judged on its own."""

import math

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.match_objective import MatchObjective, same_label
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class SigLIP(MatchObjective):
    """Binary cross-entropy of every pair of a batch: is it a match?

    A pair's logit is `scale * score + bias`, both learnt; pairs of one label are matches. The sum over a row's pairs
    is its loss, and the mean over the rows the batch's.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        scale: at the start, positive.
        bias: at the start; negative, since most pairs are no matches.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`.
        labels: int `(batch,)`.
        sample_weight: of the rows, `(batch,)` or None.
        training: not used.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: `scale` is not positive.

    Relations:
        `SymmetricInfoNCE` compares a match with its impostors.

    Example:
        >>> objective = SigLIP()
        >>> bool(objective((ops.eye(2), ops.eye(2)), ops.array([0, 1])) < 1.0)
        True

    Reference:
        Zhai et al. 2023, Sigmoid loss for language image pre-training.
    """

    def __init__(self, similarity: MatchSimilarity | None = None, scale: float = 10.0, bias: float = -10.0, **kwargs):
        super().__init__(similarity, **kwargs)
        if not scale > 0:
            raise ValueError(f"`scale` must be positive. Received: scale={scale}.")
        self.first_scale, self.first_bias = float(scale), float(bias)
        constant = keras.initializers.Constant
        self.log_scale = self.add_weight(shape=(), initializer=constant(math.log(scale)), name="log_scale")
        self.bias = self.add_weight(shape=(), initializer=constant(bias), name="bias")

    @property
    def scale(self) -> KerasTensor:
        """What the scores are multiplied by."""
        return ops.exp(self.log_scale)

    def call(
        self,
        embeddings: tuple,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        self.check_impostors(labels)
        logits = self.scale * self.similarity.pairwise(*embeddings) + self.bias
        signs = ops.where(same_label(labels), -1.0, 1.0)
        return self.weighted_mean(ops.sum(ops.softplus(signs * logits), axis=-1), sample_weight)

    def get_config(self) -> dict:
        return super().get_config() | {"scale": self.first_scale, "bias": self.first_bias}
