"""Cross-entropy with a margin between directions: a classifier for training only."""

import math

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.objective import Objective, check_single_items, nan_for_unknown_labels


@keras.saving.register_keras_serializable("comparators")
class CosineClassifier(Objective):
    """Cross-entropy over learnt centres of the training labels, with a margin to the own centre.

    The logits are `scale * cos(angle)`; the own one is `scale * cos(angle + margin)` with the margin on the angle
    (ArcFace, AAM), or `scale * (cos(angle) - margin)` with the margin on the cosine (CosFace, AM): an item must be
    closer to its own centre than to any other by the margin. Where `angle + margin` passes a half turn, the own logit
    goes on as the line `cos(angle) - margin * sin(margin)`, so that it still falls with the angle. The centres are only
    for training; unseen labels are told apart by the embeddings.

    `CosineClassifier.arcface(num_labels)` and `CosineClassifier.cosface(num_labels)` have the values of the papers.

    Args:
        num_labels: number of training labels.
        margin: 0 is a plain cosine softmax. On the angle, in radians, below pi / 2; on the cosine, below 1.
        scale: factor of the cosines, positive.
        num_centers: centres of a label; the closest counts. More than one lets badly labelled items gather apart.
        margin_on: `"angle"` or `"cosine"`.

    Call arguments:
        embeddings: `(batch, dim)`; only their directions count.
        labels: int `(batch,)`, codes 0..num_labels - 1.
        sample_weight: `(batch,)` or None.

    Returns:
        The loss, a scalar; NaN where a label is not among the codes.

    Raises:
        ValueError: an argument is out of its range, or there is more than one embedding in a row.

    Requirements:
        Any batches; labels are codes of the whole training set, not of the batch.

    Relations:
        `GE2E` needs no centres and so no fixed set of labels. `WeightedObjectives` joins both. `ProxyAnchor` compares
        each centre with the items instead of each item with the centres.

    Example:
        >>> objective = CosineClassifier(num_labels=3, margin=0.2, scale=30.0)
        >>> loss = objective(ops.ones((4, 8)), ops.array([0, 1, 2, 0]))
        >>> tuple(loss.shape), tuple(objective.centers.shape)
        ((), (3, 8))

    Reference:
        Deng et al. 2019, ArcFace: additive angular margin loss; Wang et al. 2018, CosFace: large margin cosine loss;
        Deng et al. 2020, Sub-center ArcFace.
    """

    measure_names = ("accuracy",)

    def __init__(
        self,
        num_labels: int,
        margin: float = 0.2,
        scale: float = 30.0,
        num_centers: int = 1,
        margin_on: str = "angle",
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in {"num_labels": num_labels, "num_centers": num_centers, "scale": scale}.items():
            if value <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        if margin_on not in ("angle", "cosine"):
            raise ValueError(f"`margin_on` must be 'angle' or 'cosine'. Received: margin_on={margin_on!r}.")
        if margin_on == "angle" and not 0 <= margin < math.pi / 2:
            raise ValueError(f"`margin` must lie between 0 and pi / 2, in radians. Received: margin={margin}.")
        if margin_on == "cosine" and not 0 <= margin < 1:
            raise ValueError(f"`margin` on the cosine must lie between 0 and 1. Received: margin={margin}.")
        self.num_labels = int(num_labels)
        self.margin = float(margin)
        self.scale = float(scale)
        self.num_centers = int(num_centers)
        self.margin_on = margin_on

    @classmethod
    def arcface(cls, num_labels: int, num_centers: int = 1, **kwargs) -> "CosineClassifier":
        """Makes one with the values of the ArcFace paper: margin 0.5 on the angle, scale 64."""
        return cls(num_labels, margin=0.5, scale=64.0, num_centers=num_centers, margin_on="angle", **kwargs)

    @classmethod
    def cosface(cls, num_labels: int, num_centers: int = 1, **kwargs) -> "CosineClassifier":
        """Makes one with the values of the CosFace paper: margin 0.35 on the cosine, scale 64."""
        return cls(num_labels, margin=0.35, scale=64.0, num_centers=num_centers, margin_on="cosine", **kwargs)

    def build(self, embeddings_shape: tuple) -> None:
        self.centers = self.add_weight(
            shape=(self.num_labels * self.num_centers, embeddings_shape[-1]),
            initializer="glorot_normal",
            name="centers",
        )

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        logits = self.logits(embeddings, labels)
        losses = ops.logsumexp(logits, axis=-1) - ops.sum(self._own(labels) * logits, axis=-1)
        return nan_for_unknown_labels(self.weighted_mean(losses, sample_weight), labels, self.num_labels)

    def logits(self, embeddings: KerasTensor, labels: KerasTensor) -> KerasTensor:
        """Returns the scaled logits `(batch, num_labels)`, the own ones with their margin."""
        cosine = self._cosine(embeddings)
        own = self._own(labels)
        own_cosine = ops.sum(own * cosine, axis=-1, keepdims=True)
        return self.scale * (cosine + own * (self._with_margin(own_cosine) - own_cosine))

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns `accuracy`: the share of items whose own centre is the closest one, without margin."""
        predicted = ops.argmax(self._cosine(embeddings), axis=-1)
        labels = ops.cast(ops.reshape(labels, (-1,)), predicted.dtype)
        return {"accuracy": ops.mean(ops.cast(predicted == labels, "float32"))}

    def _cosine(self, embeddings: KerasTensor) -> KerasTensor:
        """Returns the cosines `(batch, num_labels)` of embeddings and closest centres."""
        check_single_items(embeddings, self)
        directions = l2_normalize(ops.cast(embeddings, self.compute_dtype))
        cosine = ops.matmul(directions, ops.transpose(l2_normalize(self.centers)))
        if self.num_centers == 1:
            return cosine
        return ops.max(ops.reshape(cosine, (-1, self.num_labels, self.num_centers)), axis=-1)

    def _own(self, labels: KerasTensor) -> KerasTensor:
        """Returns 1 at each item's own label, else 0, `(batch, num_labels)`."""
        return ops.one_hot(ops.reshape(labels, (-1,)), self.num_labels, dtype=self.compute_dtype)

    def _with_margin(self, cosine: KerasTensor) -> KerasTensor:
        """Returns the cosine less the margin, or `cos(angle + margin)`, continued by a line past a half turn."""
        if self.margin_on == "cosine":
            return cosine - self.margin
        sine = ops.sqrt(ops.maximum(1.0 - ops.square(cosine), 1e-6))  # the root's slope at 0 is infinite
        turned = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        line = cosine - self.margin * math.sin(self.margin)
        return ops.where(cosine > -math.cos(self.margin), turned, line)

    def get_config(self) -> dict:
        return super().get_config() | {
            "num_labels": self.num_labels,
            "margin": self.margin,
            "scale": self.scale,
            "num_centers": self.num_centers,
            "margin_on": self.margin_on,
        }
