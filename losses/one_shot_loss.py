"""One-shot classification as a loss: one reference of each label, and the right one has to be the nearest."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.losses.precise_loss import PreciseLoss, check_positive


@keras.saving.register_keras_serializable("comparators")
class OneShotLoss(PreciseLoss):
    """Cross-entropy of each item's label among one other item of each label of the batch.

    A batch of P labels with K items each is read as K sets of P items. Each item of one set is classified among the P
    items of every other set with the logits `cosine / temperature`: `K * (K - 1)` one-shot classifications of P ways.
    The loss is their mean. Batches with one label, or one item of each, have the loss 0.

    Args:
        items_per_label: K; the items of a label are in a row, as `comparators.generators.GroupSampler` gives them.
        temperature: positive; lower ones look more at the nearest items.
        kwargs: `name`, `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments:
        labels: `(P * K,)`; only their order counts, and no label may be twice in a batch.
        embeddings: `(P * K, dim)`.
        sample_weight: `(P * K,)` or None.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: an argument is out of its range, or the embeddings are no matrix.

    Requirements:
        Batches of `ArrayGroups` and the like with the same `items_per_label`, from labels that are hard to tell apart
        (one alphabet, one corpus): the more labels, the harder.

    Relations:
        `SupConLoss` sets each positive against all other items at once, the other positives included. `GE2E` compares
        with the mean of a label's items. With two items of each label this is `InfoNCE(symmetric=True)`.

    Example:
        >>> embeddings = ops.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
        >>> bool(OneShotLoss(items_per_label=2)(ops.array([3, 3, 7, 7]), embeddings) < 0.01)
        True

    Reference:
        Vinyals et al. 2016, Matching networks for one shot learning; Snell, Swersky and Zemel 2017, Prototypical
        networks for few-shot learning (with one item for each prototype).
    """

    def __init__(self, items_per_label: int, temperature: float = 0.08, **kwargs):
        super().__init__(**kwargs)
        check_positive(items_per_label=items_per_label, temperature=temperature)
        self.items_per_label = int(items_per_label)
        self.temperature = float(temperature)

    def call(self, labels: KerasTensor, embeddings: KerasTensor) -> KerasTensor:
        """Returns a value for each row `(P * K,)`; their mean is the loss."""
        if len(embeddings.shape) != 2:
            raise ValueError(
                "OneShotLoss needs embeddings (P * K, dim), K items of each label in a row. "
                f"Received: embeddings of shape {tuple(embeddings.shape)}."
            )
        num_items, dim = self.items_per_label, embeddings.shape[-1]
        directions = ops.reshape(l2_normalize(embeddings), (-1, num_items, dim))
        logits = ops.einsum("pkd,qld->pklq", directions, directions) / self.temperature
        own = ops.einsum("pkd,pld->pkl", directions, directions) / self.temperature
        losses = ops.logsumexp(logits, axis=-1) - own
        other_items = 1.0 - ops.eye(num_items, dtype=losses.dtype)
        return ops.reshape(ops.sum(losses * other_items, axis=-1) / max(num_items - 1, 1), (-1,))

    def get_config(self) -> dict:
        return super().get_config() | {"items_per_label": self.items_per_label, "temperature": self.temperature}
