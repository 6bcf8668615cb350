"""NT-Xent, the loss of SimCLR: the views of an item find each other among those of all items."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.distances import Distance
from comparators.losses.embedding_loss import EmbeddingLoss, flatten_views, pair_masks, per_row, same_place
from comparators.losses.info_nce import each_positive_among_negatives
from comparators.losses.precise_loss import check_positive


@keras.saving.register_keras_serializable("comparators")
class NTXent(EmbeddingLoss):
    """Cross-entropy of an item's other view among all other views of the batch.

    With the logits `-distance / temperature`, the loss of a view is `-log` of the share of the item's other view in
    the softmax over that view and those of all other items; the view itself is left out.

    Args:
        temperature: positive. The paper takes 0.1 for large images and 0.5 for small ones.
        distance: see `comparators.custom_layers.distances.pairwise_distances`; the paper's is `"cosine"`.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(batch,)`, the number of the item or of the row. Where they are labels of classes, rows of one label
            are not each other's negatives.
        embeddings: `(batch, 2, dim)`, two views of each item. With more views, each of the others is a positive.
        sample_weight: of the rows, `(batch,)` or None.

    Returns:
        The loss, a scalar. Rows without any negative, as in a batch of one label, have the loss 0.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are not those of views.

    Requirements:
        Two views of each item, such as those of `comparators.generators.TwoViews`, in large batches.

    Relations:
        `InfoNCE` does not take anchors for negatives, and takes hard negatives. `SupConLoss` on views makes positives
        of all items of a label. `BarlowTwins` and `VICReg` need no negatives.

    Example:
        >>> views = ops.array([[[1.0, 0.0], [0.9, 0.1]], [[0.0, 1.0], [0.1, 0.9]]])
        >>> bool(NTXent()(ops.array([0, 1]), views) < 0.01)
        True

    Reference:
        Chen et al. 2020, A simple framework for contrastive learning of visual representations.
    """

    def __init__(self, temperature: float = 0.1, distance: Distance = "cosine", **kwargs):
        super().__init__(distance, **kwargs)
        check_positive(temperature=temperature)
        self.temperature = float(temperature)

    def terms(
        self, matrix: KerasTensor, positive: KerasTensor, negative: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor]:
        return each_positive_among_negatives(-matrix / self.temperature, positive, negative)

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        if len(embeddings.shape) != 3 or embeddings.shape[1] < 2:
            raise ValueError(
                "NTXent needs embeddings (batch, 2 or more views, dim): train the encoder on views of items. "
                f"Received: embeddings of shape {tuple(embeddings.shape)}. For labelled items take `SupConLoss`."
            )
        views, codes, rows = flatten_views(labels, embeddings)
        positive, _ = pair_masks(rows, rows, same_place(rows))
        _, negative = pair_masks(codes, codes, None)
        return per_row(*self.evaluate(views, views, positive, negative), ops.shape(embeddings)[0])

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature}
