"""Margin ranking with the hardest impostors that still score lower than the match."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.margin_objective import MarginObjective
from comparators.custom_layers.match_objective import draw_impostors, same_label
from comparators.custom_layers.match_similarity import MatchSimilarity

_ABSENT = -1e30


@keras.saving.register_keras_serializable("comparators")
class SemiHardMarginRanking(MarginObjective):
    """A match must score higher than its semi-hard impostor of either role, by a margin.

    A row's semi-hard impostor is the one with the highest score below its match's. Where all impostors score higher
    than the match, there is none: the row is left out (its loss is 0), or gets one drawn at random.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        margin: positive.
        fallback: for rows without a semi-hard impostor: `"none"` or `"random"`.
        seed: of the drawing of impostors.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`.
        labels: int `(batch,)`; impostors are of another one.
        sample_weight: of the rows, `(batch,)` or None.
        training: not used.

    Returns:
        The loss of both directions, a scalar.

    Raises:
        ValueError: the margin is not positive, `fallback` is unknown, or the batch is one row.

    Relations:
        `MarginRanking` draws all impostors at random; ResDAVEnet adds both up (`WeightedObjectives`).

    Example:
        >>> objective = SemiHardMarginRanking(margin=1.0)
        >>> float(objective((ops.eye(2), ops.eye(2)), ops.array([0, 1])))
        0.0

    Reference:
        Harwath et al. 2020, Learning hierarchical discrete linguistic units from visually-grounded speech. There,
        impostors are masked with zeros, which are impostors themselves where all scores are negative; here they are
        masked with what is lower than any score.
    """

    def __init__(
        self,
        similarity: MatchSimilarity | None = None,
        margin: float = 1.0,
        fallback: str = "none",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(similarity, margin, seed, **kwargs)
        if fallback not in ("none", "random"):
            raise ValueError(f"`fallback` must be 'none' or 'random'. Received: fallback={fallback!r}.")
        self.fallback = fallback

    def call(
        self,
        embeddings: tuple,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        self.check_impostors(labels)
        scores = self.similarity.pairwise(*embeddings)
        losses = self.row_losses(scores, labels) + self.row_losses(ops.transpose(scores), labels)
        return self.weighted_mean(losses, sample_weight)

    def row_losses(self, scores: KerasTensor, labels: KerasTensor) -> KerasTensor:
        """Returns the loss of each row of `scores` `(batch, batch)` of whole float precision, `(batch,)`."""
        matches, other = ops.diagonal(scores), ops.logical_not(same_label(labels))
        lower = ops.logical_and(other, scores < matches[:, None])
        impostors = ops.max(ops.where(lower, scores, _ABSENT), axis=-1)
        if self.fallback == "random":
            drawn, found = draw_impostors(labels, self.seed_generator)
            one_hot = ops.one_hot(drawn, ops.shape(scores)[1], dtype=scores.dtype)
            random = ops.where(found, ops.sum(scores * one_hot, axis=-1), _ABSENT)
            impostors = ops.where(ops.any(lower, axis=-1), impostors, random)
        return ops.relu(impostors - matches + self.margin)

    def get_config(self) -> dict:
        return super().get_config() | {"fallback": self.fallback}
