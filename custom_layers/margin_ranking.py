"""Margin ranking with impostors drawn from the batch."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.margin_objective import MarginObjective
from comparators.custom_layers.match_objective import draw_impostors, take_rows


@keras.saving.register_keras_serializable("comparators")
class MarginRanking(MarginObjective):
    """A match must score higher than with an impostor of either role, drawn from the batch, by a margin.

    The loss of a row is `max(0, margin + s(a', b) - s(a, b)) + max(0, margin + s(a, b') - s(a, b))`. Three scores a row
    are computed, not the matrix of all, so that matchmaps of large batches fit in memory.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        margin: positive.
        seed: of the drawing of impostors.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`.
        labels: int `(batch,)`; impostors are of another one.
        sample_weight: of the rows, `(batch,)` or None.
        training: not used.

    Returns:
        The loss, a scalar. A row without an impostor has the loss 0.

    Raises:
        ValueError: the margin is not positive, or the batch is one row.

    Relations:
        `SemiHardMarginRanking` takes the hardest impostor that still scores lower; ResDAVEnet adds both up
        (`WeightedObjectives`).

    Example:
        >>> objective = MarginRanking(margin=1.0)
        >>> float(objective((ops.eye(2), ops.eye(2)), ops.array([0, 1])))
        0.0

    Reference:
        Harwath et al. 2016, Unsupervised learning of spoken language with visual context; 2018, Jointly discovering
        visual objects and spoken words from raw sensory input.
    """

    measure_names = ()

    def call(
        self,
        embeddings: tuple,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        self.check_impostors(labels)
        rows_a, found = draw_impostors(labels, self.seed_generator)
        rows_b, _ = draw_impostors(labels, self.seed_generator)
        losses = self.row_losses(embeddings, rows_a, rows_b)
        return self.weighted_mean(ops.where(found, losses, 0.0), sample_weight)

    def row_losses(self, embeddings: tuple, impostors_a: KerasTensor, impostors_b: KerasTensor) -> KerasTensor:
        """Returns the loss of each row, with given rows as impostors.

        Args:
            embeddings: `(a, b)`.
            impostors_a: int `(batch,)`, for each row of `b` another row of `a`.
            impostors_b: int `(batch,)`, for each row of `a` another row of `b`.

        Returns:
            `(batch,)`.
        """
        a, b = embeddings
        matches = self.similarity.paired(a, b)
        lower_a = self.similarity.paired(take_rows(a, impostors_a), b)
        lower_b = self.similarity.paired(a, take_rows(b, impostors_b))
        return ops.relu(self.margin + lower_a - matches) + ops.relu(self.margin + lower_b - matches)

    def measures(self, embeddings: tuple, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns nothing: a measure over the whole batch would need the matrix that this objective does without."""
        return {}
