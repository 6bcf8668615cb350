"""InfoNCE: each anchor's own positive among the positives of the batch and any hard negatives."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss, flatten_views, pair_masks, per_row
from comparators.losses.masked import count, masked_logsumexp, masked_sum
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class InfoNCE(EmbeddingLoss):
    """Cross-entropy of each anchor's own positive among the positives of all rows and all hard negatives.

    With the logits `-distance / temperature`, an anchor's loss is `-log` of its own positive's share in the softmax
    over its positive and its negatives. The negatives are the positives of other rows, unless those have the same
    label, and the hard negatives of all rows.

    Args:
        temperature: positive; lower ones look more at the nearest items.
        symmetric: whether to average with the loss of each positive among the anchors, as in CLIP.
        distance: see `comparators.custom_layers.distances.pairwise_distances`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`. Rows of one label are not each other's negatives; where there are no labels, give the
            number of the item or of the row.
        embeddings: `(batch, 2 + h, dim)`: anchor, positive and `h` hard negatives, 0 or more.
        sample_weight: of the rows, `(batch,)` or None.

    Returns:
        The loss, a scalar. Anchors without any negative, as in a batch of one label without hard negatives, have the
        loss 0.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of rows of two and more items.

    Requirements:
        Rows of an anchor and its positive (two views, a question and its answer, ...) in large batches.

    Relations:
        `NTXent` also takes anchors for negatives. `SupConLoss` makes positives of all items of a label.
        `ReadyTripletLoss` compares with the row's own negative only.

    Example:
        >>> rows = ops.array([[[1.0, 0.0], [0.9, 0.1]], [[0.0, 1.0], [0.1, 0.9]]])
        >>> bool(InfoNCE()(ops.array([0, 1]), rows) < 0.01)
        True

    Reference:
        van den Oord et al. 2018, Representation learning with contrastive predictive coding; He et al. 2020, Momentum
        contrast (the temperature); Radford et al. 2021, CLIP (the symmetric form).
    """

    def __init__(self, temperature: float = 0.07, symmetric: bool = False, distance: Distance = "cosine", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(temperature=temperature)
        self.temperature = float(temperature)
        self.symmetric = bool(symmetric)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        return each_positive_among_negatives(-matrix / self.temperature, positive, negative)

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        if len(embeddings.shape) != 3 or embeddings.shape[1] < 2:
            raise ValueError(
                "InfoNCE needs embeddings (batch, 2 or more, dim): anchor, positive and any hard negatives. "
                f"Received: embeddings of shape {tuple(embeddings.shape)}. For labelled items take `SupConLoss`."
            )
        num_rows = ops.shape(embeddings)[0]
        anchors, positives = embeddings[:, 0], embeddings[:, 1]
        _, codes, rows = flatten_views(labels, anchors)
        own = rows[:, None] == rows[None, :]
        _, other = pair_masks(codes, codes, own)
        hard_negatives = ops.reshape(embeddings[:, 2:], (-1, embeddings.shape[-1]))
        always = ops.ones((num_rows, num_rows * (embeddings.shape[1] - 2)), "bool")
        losses, counts = self.evaluate(
            anchors,
            ops.concatenate([positives, hard_negatives], axis=0),
            ops.concatenate([own, ops.logical_not(always)], axis=1),
            ops.concatenate([other, always], axis=1),
        )
        if self.symmetric:
            column_losses, column_counts = self.evaluate(positives, anchors, own, other)
            losses, counts = losses + column_losses, counts + column_counts
        return per_row(losses, counts, num_rows)

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature, "symmetric": self.symmetric}


def each_positive_among_negatives(
    logits: KerasTensor, positive: KerasTensor, negative: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """Returns each anchor's sum and number of cross-entropies, one for each positive among it and all negatives."""
    negatives = masked_logsumexp(logits, negative)
    return masked_sum(ops.softplus(negatives[:, None] - logits), positive), count(positive, logits.dtype)
