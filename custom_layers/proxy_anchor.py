"""Proxy anchor: each learnt proxy of a label against all items of the batch."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.objective import Objective, nan_for_unknown_labels

_ABSENT = -1e30


@keras.saving.register_keras_serializable("comparators")
class ProxyAnchor(Objective):
    """Pulls each label's learnt proxy and the batch's items of that label together, and the others apart.

    A proxy is the anchor, and all items of the batch are its positives and negatives, weighed by how hard they are:
    the loss is the mean over the proxies with items of `log(1 + sum over own items of exp(-scale * (cosine - margin)))`
    plus the mean over all proxies of `log(1 + sum over other items of exp(scale * (cosine + margin)))`. It converges
    fast, and needs no sampling of pairs. The proxies are only for training.

    Args:
        num_labels: number of training labels.
        margin: on the cosine, 0 or more.
        scale: factor of the cosines, positive; `alpha` in the paper.

    Call arguments:
        embeddings: `(batch, dim)`, or `(batch, views, dim)` where all items of a row have the row's label; only their
            directions count.
        labels: int `(batch,)`, codes 0..num_labels - 1.
        sample_weight: `(batch,)` or None: a factor of an item's term in the sums; an item of weight 0 is left out.

    Returns:
        The loss, a scalar; NaN where a label is not among the codes. A proxy without own items, or without others (a
        batch of one label), adds 0.

    Raises:
        ValueError: an argument is out of its range.

    Requirements:
        Any batches, better large ones; labels are codes of the whole training set, not of the batch. The paper trains
        the proxies with a learning rate 100 times that of the network.

    Relations:
        `CosineClassifier` compares each item with all centres, and not the items of a batch with each other.
        `comparators.losses.MultiSimilarityLoss` has the same sums with items in place of proxies.

    Example:
        >>> objective = ProxyAnchor(num_labels=3)
        >>> loss = objective(ops.ones((4, 8)), ops.array([0, 1, 2, 0]))
        >>> tuple(loss.shape), tuple(objective.proxies.shape)
        ((), (3, 8))

    Reference:
        Kim et al. 2020, Proxy anchor loss for deep metric learning.
    """

    measure_names = ("accuracy",)

    def __init__(self, num_labels: int, margin: float = 0.1, scale: float = 32.0, **kwargs):
        super().__init__(**kwargs)
        for name, value in {"num_labels": num_labels, "scale": scale}.items():
            if value <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        if margin < 0:
            raise ValueError(f"`margin` must not be negative. Received: margin={margin}.")
        self.num_labels = int(num_labels)
        self.margin = float(margin)
        self.scale = float(scale)

    def build(self, embeddings_shape: tuple) -> None:
        self.proxies = self.add_weight(
            shape=(self.num_labels, embeddings_shape[-1]), initializer="he_normal", name="proxies"
        )

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        cosine, labels, views = self._cosine(embeddings, labels)
        own = ops.arange(self.num_labels) == ops.cast(labels, "int32")[:, None]
        kept, log_weights = ops.ones_like(own), 0.0
        if sample_weight is not None:
            weights = ops.repeat(ops.cast(ops.reshape(sample_weight, (-1,)), cosine.dtype), views)[:, None]
            kept = ops.logical_and(kept, weights > 0)
            log_weights = ops.log(ops.where(weights > 0, weights, 1.0))
        own, others = ops.logical_and(own, kept), ops.logical_and(ops.logical_not(own), kept)
        pulled = _log_one_plus_sum(self.scale * (self.margin - cosine) + log_weights, own)
        pushed = _log_one_plus_sum(self.scale * (self.margin + cosine) + log_weights, others)
        num_present = ops.sum(ops.cast(ops.any(own, axis=0), cosine.dtype))
        loss = ops.sum(pulled) / ops.maximum(num_present, 1.0) + ops.mean(pushed)
        return nan_for_unknown_labels(loss, labels, self.num_labels)

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns `accuracy`: the share of items whose own proxy is the closest one."""
        cosine, labels, _ = self._cosine(embeddings, labels)
        predicted = ops.argmax(cosine, axis=-1)
        return {"accuracy": ops.mean(ops.cast(predicted == ops.cast(labels, predicted.dtype), "float32"))}

    def _cosine(self, embeddings: KerasTensor, labels: KerasTensor) -> tuple[KerasTensor, KerasTensor, int]:
        """Returns the cosines of items and proxies `(items, num_labels)`, the items' labels, and the items in a row."""
        embeddings = ops.cast(embeddings, self.compute_dtype)
        views = embeddings.shape[1] if len(embeddings.shape) == 3 else 1
        items = ops.reshape(embeddings, (-1, embeddings.shape[-1]))
        cosine = ops.matmul(l2_normalize(items), ops.transpose(l2_normalize(self.proxies)))
        return cosine, ops.repeat(ops.reshape(labels, (-1,)), views), views

    def get_config(self) -> dict:
        return super().get_config() | {"num_labels": self.num_labels, "margin": self.margin, "scale": self.scale}


def _log_one_plus_sum(exponents: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Returns `log(1 + sum(exp(exponents)))` over the first axis of what the mask keeps; 0 where it keeps nothing."""
    return ops.softplus(ops.logsumexp(ops.where(mask, exponents, _ABSENT), axis=0))
