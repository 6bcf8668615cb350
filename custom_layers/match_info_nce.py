"""InfoNCE from one role to the other, with hard negatives."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.match_objective import MatchObjective
from comparators.custom_layers.match_similarity import MatchSimilarity


@keras.saving.register_keras_serializable("comparators")
class MatchInfoNCE(MatchObjective):
    """Cross-entropy of each match among the other rows' matches and the hard negatives of all rows.

    It goes one way, as one searches: from the first role (questions) to the second (passages). The second role's batch
    may be longer than the first's: what comes after the matches are hard negatives, as `Matches(negatives=...)` gives
    them with their labels. Of a row's negatives all are left out that have its label: one row's hard negative may be
    another's match.

    Args:
        similarity: scores the two roles; None: the cosine of embeddings.
        temperature: what scores are divided by, positive; 1 for the dot products of the paper.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`: `batch` of the first role, and `batch * (1 + h)` of the second, matches first.
        labels: of the second role's items, int `(batch * (1 + h),)`; the first `batch` are the rows'.
        sample_weight: of the rows, `(batch,)` or None.
        training: not used.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: `temperature` is not positive, or the batch is one row without hard negatives.

    Relations:
        `SymmetricInfoNCE` goes both ways, learns its temperature, and takes no hard negatives.
        `comparators.losses.InfoNCE` is for one encoder.

    Example:
        >>> objective = MatchInfoNCE()
        >>> passages = ops.concatenate([ops.eye(2), -ops.eye(2)])
        >>> bool(objective((ops.eye(2), passages), ops.array([0, 1, 2, 3])) < 0.01)
        True

    Reference:
        Karpukhin et al. 2020, Dense passage retrieval for open-domain question answering.
    """

    def __init__(self, similarity: MatchSimilarity | None = None, temperature: float = 0.05, **kwargs):
        super().__init__(similarity, **kwargs)
        if not temperature > 0:
            raise ValueError(f"`temperature` must be positive. Received: temperature={temperature}.")
        self.temperature = float(temperature)

    def call(
        self,
        embeddings: tuple,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        self.check_impostors(labels)
        scores = self.similarity.pairwise(*embeddings)
        matches = ops.diagonal(scores)
        own = ops.eye(ops.shape(scores)[0], ops.shape(scores)[1], dtype="bool")
        left_out = ops.logical_and(_same_label(labels, scores), ops.logical_not(own))
        logits = ops.where(left_out, -1e30, scores / self.temperature)
        return self.weighted_mean(ops.logsumexp(logits, axis=1) - matches / self.temperature, sample_weight)

    def measures(self, embeddings: tuple, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns the share of rows of the first role whose most similar item of the second is of their label."""
        scores = self.similarity.pairwise(*embeddings)
        same = _same_label(labels, scores)
        # One of the impostors with the same score as the best would be found by chance alone.
        best_match = ops.max(ops.where(same, scores, -1e30), axis=-1)
        best_impostor = ops.max(ops.where(same, -1e30, scores), axis=-1)
        return {"recall_at_1": ops.mean(ops.cast(best_match > best_impostor, "float32"))}

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature}


def _same_label(labels: KerasTensor, scores: KerasTensor) -> KerasTensor:
    """Tells which items of the second role are of a row's label, bool `(batch, items)`."""
    labels = ops.reshape(labels, (-1,))
    return labels[: ops.shape(scores)[0], None] == labels[None]
