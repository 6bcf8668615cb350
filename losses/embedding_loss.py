"""The base of the losses that compare all embeddings of a batch."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance, check_distance, pairwise_distances
from comparators.losses.precise_loss import PreciseLoss, codes_of


@keras.saving.register_keras_serializable("comparators")
class EmbeddingLoss(PreciseLoss):
    """Base of the losses on the pairs of a batch.

    Each embedding is an anchor once. A subclass implements `terms`: from the anchors' distances to other embeddings,
    and which of those are positive (same label) and negative, to the sum of each anchor's terms and how many they are
    (or `evaluate`, when it needs more than those distances).
    The loss is the mean of all terms; a batch without any has the loss 0 and the gradient 0.

    Args:
        distance: name or function, see `comparators.custom_layers.distances.pairwise_distances`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: one code for each row, `(batch,)` or `(batch, 1)`, integer or float, less than 2 ** 24.
        embeddings: `(batch, dim)`, or `(batch, views, dim)` where all items of a row have the row's label.
        sample_weight: of the rows, `(batch,)`, multiplied to the rows' part of the loss, as in every Keras loss.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: the distance is unknown, or labels or embeddings have another shape.

    Example:
        >>> class MeanPositiveDistance(EmbeddingLoss):
        ...     def terms(self, matrix, positive, negative):
        ...         kept = ops.cast(positive, matrix.dtype)
        ...         return ops.sum(kept * matrix, axis=-1), ops.sum(kept, axis=-1)
        >>> loss = MeanPositiveDistance("euclidean")
        >>> float(loss(ops.array([0, 0, 1]), ops.array([[0.0, 0.0], [3.0, 4.0], [9.0, 9.0]])))
        5.0
    """

    def __init__(self, distance: Distance = "cosine", **kwargs):
        super().__init__(**kwargs)
        self.distance = check_distance(distance)

    def compare(self, anchors: KerasTensor, references: KerasTensor) -> KerasTensor:
        """Returns the distances `(n, m)` of anchors `(n, dim)` and references `(m, dim)`."""
        return pairwise_distances(anchors, references, self.distance)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        """Returns for each anchor the sum of its terms `(n,)` and how many there are `(n,)`, 0 where it has none.

        Args:
            matrix: distances `(n, m)`, one row for each anchor.
            positive: bool `(n, m)`, the pairs of one label.
            negative: bool `(n, m)`, the pairs of different labels. What is in neither does not count.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `terms(matrix, positive, negative)`.")

    def evaluate(
        self, anchors: KerasTensor, references: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        """Returns the `terms` of anchors `(n, dim)` among references `(m, dim)`."""
        return self.terms(self.compare(anchors, references), positive, negative)

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        """Returns a value for each row `(batch,)`; their mean is the loss."""
        items, item_labels, _ = flatten_views(labels, embeddings)
        masks = pair_masks(item_labels, item_labels, same_place(item_labels))
        return per_row(*self.evaluate(items, items, *masks), ops.shape(embeddings)[0])

    def against(
        self,
        anchors: KerasTensor,
        labels: KerasTensor,
        references: KerasTensor,
        reference_labels: KerasTensor,
        skip: KerasTensor | None = None,
        sample_weight: KerasTensor | None = None,
    ) -> KerasTensor:
        """Returns the loss of anchors among other references, such as the embeddings of earlier batches.

        Args:
            anchors: `(n, dim)`.
            labels: of the anchors, `(n,)`.
            references: `(m, dim)`.
            reference_labels: `(m,)`.
            skip: bool `(n, m)`, pairs that are neither positive nor negative, such as an item and itself.
            sample_weight: of the anchors, `(n,)`, multiplied to their part of the loss; None weighs them alike.

        Returns:
            The loss, a scalar.
        """
        anchors, references = ops.cast(anchors, self.dtype), ops.cast(references, self.dtype)
        masks = pair_masks(codes_of(labels), codes_of(reference_labels), skip)
        losses, counts = self.evaluate(anchors, references, *masks)
        if sample_weight is not None:
            losses = losses * ops.cast(ops.reshape(sample_weight, (-1,)), losses.dtype)
        return ops.sum(losses) / ops.maximum(ops.sum(counts), 1.0)

    def get_config(self) -> dict:
        return super().get_config() | {"distance": keras.saving.serialize_keras_object(self.distance)}


def flatten_views(labels: KerasTensor, embeddings: KerasTensor) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """Returns the items of all rows `(items, dim)`, their labels and their rows' numbers, both `(items,)`.

    Raises:
        ValueError: the embeddings are neither `(batch, dim)` nor `(batch, views, dim)`.
    """
    if len(embeddings.shape) not in (2, 3):
        raise ValueError(
            "Embeddings must be (batch, dim) or (batch, views, dim). "
            f"Received: embeddings of shape {tuple(embeddings.shape)}. Flatten or pool what the encoder returns."
        )
    labels = codes_of(labels)
    rows = ops.arange(ops.shape(embeddings)[0], dtype="int32")
    if len(embeddings.shape) == 2:
        return embeddings, labels, rows
    num_views, dim = embeddings.shape[1:]
    return ops.reshape(embeddings, (-1, dim)), ops.repeat(labels, num_views), ops.repeat(rows, num_views)


def pair_masks(
    labels: KerasTensor, reference_labels: KerasTensor, skip: KerasTensor | None
) -> tuple[KerasTensor, KerasTensor]:
    """Returns which pairs are positive and which negative, bool `(n, m)`; those of `skip` are neither."""
    same = labels[:, None] == ops.cast(reference_labels, labels.dtype)[None, :]
    if skip is None:
        return same, ops.logical_not(same)
    kept = ops.logical_not(skip)
    return ops.logical_and(same, kept), ops.logical_and(ops.logical_not(same), kept)


def same_place(labels: KerasTensor) -> KerasTensor:
    """Returns which pairs are an item and itself, bool `(n, n)`."""
    places = ops.arange(ops.shape(labels)[0], dtype="int32")
    return places[:, None] == places[None, :]


def per_row(losses: KerasTensor, counts: KerasTensor, num_rows: int) -> KerasTensor:
    """Returns a value for each row `(batch,)` whose mean is `sum(losses) / max(sum(counts), 1)`."""
    share = ops.cast(num_rows, losses.dtype) / ops.maximum(ops.sum(counts), 1.0)
    return share * ops.sum(ops.reshape(losses, (num_rows, -1)), axis=-1)
