"""Objectives of matches: aligned batches of two roles."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.match_similarity import MatchSimilarity
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.vector_similarity import VectorSimilarity


@keras.saving.register_keras_serializable("comparators")
class MatchObjective(Objective):
    """Base of the objectives for aligned batches of two roles: row i of one belongs to row i of the other.

    Everything that is not of a row's label is an impostor for it. Rows of one label are not each other's impostors.

    Args:
        similarity: scores the two roles; a dual encoder shares it with its own use. None: the cosine of embeddings.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        embeddings: `(a, b)`, of the two roles, as the similarity takes them.
        labels: int `(batch,)`; where there are none, the number of the row or of the item.
        sample_weight: of the rows, `(batch,)` or None.
        training: whether the loss is for training.

    Returns:
        The loss, a scalar.

    Raises:
        TypeError: `similarity` is no `MatchSimilarity`.
    """

    measure_names = ("recall_at_1",)

    def __init__(self, similarity: MatchSimilarity | None = None, **kwargs):
        super().__init__(**kwargs)
        if similarity is not None and not isinstance(similarity, MatchSimilarity):
            raise TypeError(
                "`similarity` must be a layer such as `VectorSimilarity()` or `MatchmapSimilarity()`. "
                f"Received: similarity={similarity!r}."
            )
        self.similarity = VectorSimilarity() if similarity is None else similarity

    def build(self, embeddings_shape) -> None:
        if not self.similarity.built:
            self.similarity.build(embeddings_shape)
        self.built = True

    def measures(self, embeddings: tuple, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns the share of rows, of either role, whose most similar item of the other role is of their label."""
        scores, same = self.similarity.pairwise(*embeddings), same_label(labels)

        def recall(scores: KerasTensor) -> KerasTensor:
            # One of the impostors with the same score as the best would be found by chance alone.
            best_match = ops.max(ops.where(same, scores, -1e30), axis=-1)
            best_impostor = ops.max(ops.where(same, -1e30, scores), axis=-1)
            return ops.mean(ops.cast(best_match > best_impostor, "float32"))

        return {"recall_at_1": (recall(scores) + recall(ops.transpose(scores))) / 2}

    def check_impostors(self, labels: KerasTensor) -> None:
        """Refuses a batch of one, which has no impostor.

        Raises:
            ValueError: the batch is known to be one row.
        """
        if labels.shape[0] == 1:
            raise ValueError(
                f"{type(self).__name__} needs impostors. Received: a batch of one. Take batches of at least 2 rows "
                "with different labels."
            )

    def compute_output_shape(self, embeddings_shape) -> tuple:
        return ()

    def get_config(self) -> dict:
        return super().get_config() | {"similarity": keras.saving.serialize_keras_object(self.similarity)}

    @classmethod
    def from_config(cls, config: dict) -> "MatchObjective":
        return cls(**config | {"similarity": keras.saving.deserialize_keras_object(config["similarity"])})


def same_label(labels: KerasTensor) -> KerasTensor:
    """Tells which rows are of one label. Returns bool `(batch, batch)`."""
    labels = ops.reshape(labels, (-1,))
    return labels[:, None] == labels[None]


def draw_impostors(labels: KerasTensor, seed: keras.random.SeedGenerator) -> tuple[KerasTensor, KerasTensor]:
    """Draws for each row another row of another label.

    Args:
        labels: `(batch,)`.
        seed: moves on with each draw.

    Returns:
        The rows drawn, int `(batch,)`, and whether there was one, bool `(batch,)`.

    Example:
        >>> rows, found = draw_impostors(ops.array([0, 1, 1]), keras.random.SeedGenerator(0))
        >>> int(rows[0]) in (1, 2), int(rows[1]), int(rows[2])
        (True, 0, 0)
    """
    other = ops.logical_not(same_label(labels))
    keys = ops.where(other, keras.random.uniform(ops.shape(other), seed=seed), -1.0)
    return ops.argmax(keys, axis=-1), ops.any(other, axis=-1)


def take_rows(embeddings, rows: KerasTensor):
    """Takes rows of embeddings, which are a tensor or a dict of tensors."""
    return keras.tree.map_structure(lambda values: ops.take(values, rows, axis=0), embeddings)
