"""Symmetric InfoNCE of two roles, with a learnt temperature."""

import math

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.match_objective import MatchObjective, same_label
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class SymmetricInfoNCE(MatchObjective):
    """Cross-entropy of each match among the row's impostors, from either role to the other; the mean of both.

    The scores are multiplied by a learnt scale, 1 / temperature. Other rows of a row's label are left out.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        temperature: at the start, positive.
        max_scale: the scale never grows over this.
        learnt: whether the scale is trained.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`.
        labels: int `(batch,)`.
        sample_weight: of the rows, `(batch,)` or None.
        training: not used.

    Returns:
        The loss, a scalar. A row without an impostor has the loss 0.

    Raises:
        ValueError: a number is out of its range, or the batch is one row.

    Relations:
        `SigLIP` judges each pair on its own. `comparators.losses.InfoNCE` is for one encoder.

    Example:
        >>> objective = SymmetricInfoNCE()
        >>> bool(objective((ops.eye(2), ops.eye(2)), ops.array([0, 1])) < 0.01)
        True

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(
        self,
        similarity: MatchSimilarity | None = None,
        temperature: float = 0.07,
        max_scale: float = 100.0,
        learnt: bool = True,
        **kwargs,
    ):
        super().__init__(similarity, **kwargs)
        if not 0 < 1 / max_scale <= temperature:
            raise ValueError(
                "`temperature` must be positive and at least `1 / max_scale`. "
                f"Received: temperature={temperature}, max_scale={max_scale}."
            )
        self.temperature = float(temperature)
        self.max_scale = float(max_scale)
        self.learnt = bool(learnt)
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(-math.log(self.temperature)),
            trainable=self.learnt,
            name="log_scale",
        )

    @property
    def scale(self) -> KerasTensor:
        """What the scores are multiplied by."""
        return ops.minimum(ops.exp(self.log_scale), self.max_scale)

    def call(
        self,
        embeddings: tuple,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        self.check_impostors(labels)
        logits = self.scale * self.similarity.pairwise(*embeddings)
        own = ops.eye(ops.shape(logits)[0], dtype="bool")
        counted = ops.logical_or(own, ops.logical_not(same_label(labels)))
        logits = ops.where(counted, logits, -1e30)
        matches = ops.diagonal(logits)
        losses = ops.logsumexp(logits, axis=1) + ops.logsumexp(logits, axis=0) - 2 * matches
        return self.weighted_mean(losses / 2, sample_weight)

    def get_config(self) -> dict:
        return super().get_config() | {
            "temperature": self.temperature,
            "max_scale": self.max_scale,
            "learnt": self.learnt,
        }
