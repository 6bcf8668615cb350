"""The triplet margin of two roles."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.margin_objective import MarginObjective
from comparators.custom_layers.match_objective import draw_impostors, take_rows
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class MatchTriplet(MarginObjective):
    """An item of the first role must be nearer to its match than to an impostor drawn from the batch, by a margin.

    The loss of a row is `max(0, margin - s(a, b) + s(a, b'))` with `b'` the match of another label's row.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        margin: positive.
        seed: of the drawing of impostors.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`.
        labels: int `(batch,)`; the impostor is of another one.
        sample_weight: of the rows, `(batch,)` or None.
        training: not used.

    Returns:
        The loss, a scalar. A row without an impostor has the loss 0.

    Raises:
        ValueError: the margin is not positive, or the batch is one row.

    Relations:
        `MarginRanking` draws impostors for both roles. `SymmetricInfoNCE` compares with all of the batch.

    Example:
        >>> objective = MatchTriplet(margin=0.5)
        >>> float(objective((ops.eye(2), ops.eye(2)), ops.array([0, 1])))
        0.0
    """

    def __init__(
        self,
        similarity: MatchSimilarity | None = None,
        margin: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(similarity, margin, seed, **kwargs)

    def call(
        self,
        embeddings: tuple,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        self.check_impostors(labels)
        rows, found = draw_impostors(labels, self.seed_generator)
        losses = self.row_losses(*embeddings, take_rows(embeddings[1], rows))
        return self.weighted_mean(ops.where(found, losses, 0.0), sample_weight)

    def row_losses(self, anchors, positives, negatives) -> KerasTensor:
        """Returns the loss of each ready triplet, `(batch,)`."""
        score, impostor = self.similarity.paired(anchors, positives), self.similarity.paired(anchors, negatives)
        return ops.relu(self.margin - score + impostor)
