"""Two views without labels and without negatives: one view predicts the other."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.objective import Objective


@keras.saving.register_keras_serializable("comparators")
class SimSiam(Objective):
    """Minus the cosine of each view's prediction and the other view, which is taken as a constant.

    The predictor is a small network that is trained along: dense, batch normalisation, ReLU, dense. Without it, or
    with gradients through both sides, all items would fall on one point. Watch `spread`: it is near 1 when the
    embeddings fill the sphere, and 0 when they have collapsed.

    Args:
        hidden_units: of the predictor's first layer; None takes a quarter of the embedding's values.

    Call arguments:
        embeddings: `(batch, views, dim)`, two views or more; with more, each predicts all others.
        labels: not looked at.
        sample_weight: of the rows, `(batch,)` or None.
        training: whether batch normalisation takes the statistics of the batch.

    Returns:
        The loss, a scalar from -1 (all views alike) to 1.

    Raises:
        ValueError: `hidden_units` is not positive, or the embeddings are not those of several views.

    Requirements:
        Rows of two views of an item, such as those of `comparators.generators.TwoViews`. Batches need not be large.

    Relations:
        `comparators.losses.NTXent` needs negatives, `BarlowTwins` and `VICReg` keep the dimensions apart instead of
        stopping the gradient. Used as `Projected(SimSiam(), units=(256, 256))`.

    Example:
        >>> views = ops.array([[[1.0, 0.0], [0.9, 0.1]], [[0.0, 1.0], [0.1, 0.9]]])
        >>> objective = SimSiam()
        >>> tuple(objective(views, ops.array([0, 1])).shape)
        ()
        >>> bool(objective.measures(views, ops.array([0, 1]))["spread"] > 0.6)
        True

    Reference:
        Chen and He 2021, Exploring simple siamese representation learning.
    """

    measure_names = ("spread",)

    def __init__(self, hidden_units: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if hidden_units is not None and hidden_units < 1:
            raise ValueError(f"`hidden_units` must be positive. Received: hidden_units={hidden_units}.")
        self.hidden_units = hidden_units

    def build(self, embeddings_shape: tuple) -> None:
        dim = embeddings_shape[-1]
        hidden_units = max(1, dim // 4) if self.hidden_units is None else self.hidden_units
        self.predictor = [
            keras.layers.Dense(hidden_units, use_bias=False, dtype=self.dtype_policy),
            keras.layers.BatchNormalization(dtype=self.dtype_policy),
            keras.layers.ReLU(dtype=self.dtype_policy),
            keras.layers.Dense(dim, dtype=self.dtype_policy),
        ]
        for layer, width in zip(self.predictor, (dim, hidden_units, hidden_units, hidden_units), strict=True):
            layer.build((None, width))

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        if len(embeddings.shape) != 3 or embeddings.shape[1] < 2:
            raise ValueError(
                "SimSiam needs embeddings (batch, views, dim) of two views or more: train the encoder on rows of two "
                f"items. Received: embeddings of shape {tuple(embeddings.shape)}."
            )
        embeddings = ops.cast(embeddings, self.compute_dtype)
        num_views, dim = embeddings.shape[1:]
        predictions = ops.reshape(embeddings, (-1, dim))
        for layer in self.predictor:
            predictions = layer(predictions, training=training)
        predictions = l2_normalize(ops.reshape(predictions, (-1, num_views, dim)))
        targets = ops.stop_gradient(l2_normalize(embeddings))
        cosine = ops.matmul(predictions, ops.transpose(targets, (0, 2, 1)))
        others = 1.0 - ops.eye(num_views, dtype=cosine.dtype)
        losses = -ops.sum(cosine * others, axis=(1, 2)) / (num_views * (num_views - 1))
        return self.weighted_mean(losses, sample_weight)

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns `spread`: the standard deviation of the directions, times the root of their number of values."""
        dim = embeddings.shape[-1]
        directions = l2_normalize(ops.reshape(ops.cast(embeddings, self.compute_dtype), (-1, dim)))
        return {"spread": ops.sqrt(ops.sum(ops.var(directions, axis=0)))}

    def get_config(self) -> dict:
        return super().get_config() | {"hidden_units": self.hidden_units}
