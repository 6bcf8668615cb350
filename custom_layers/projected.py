"""A projection head between the embeddings and a loss, for training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.loss_objective import as_objective
from comparators.custom_layers.objective import Objective


@keras.saving.register_keras_serializable("comparators")
class Projected(Objective):
    """An objective that sees the embeddings through a small network.

    Losses on two views of an item throw away what the augmentation changes. With a projection in between, the
    embeddings keep it, and serve other tasks better. The projection is saved with the model, and no part of its
    embeddings.

    Args:
        objective: the objective or loss, such as `NTXent()`.
        units: values after each dense layer; all but the last are followed by batch normalisation and ReLU.

    Call arguments:
        embeddings: `(batch, dim)` or `(batch, views, dim)`, as the objective takes them.
        labels: `(batch,)`.
        sample_weight: `(batch,)` or None.
        training: whether batch normalisation takes the statistics of the batch (of all views in one); handed to the
            objective too.

    Returns:
        The loss, a scalar.

    Raises:
        TypeError: `objective` is neither an objective nor a loss.
        ValueError: `units` is empty, or one is not positive.

    Requirements:
        Those of the objective. For two views without labels: batches of `comparators.generators.TwoViews`.

    Relations:
        SimCLR is `Projected(NTXent(), units=(256, 128))`. Barlow Twins and VICReg want a wide one:
        `Projected(BarlowTwins(), units=(512, 512, 512))`; `SimSiam` has its predictor after
        `Projected(SimSiam(), units=(256, 256))`.

    Example:
        >>> import numpy as np
        >>> from comparators.generators import ArrayItems, TwoViews
        >>> from comparators.losses import NTXent
        >>> from comparators.models import Encoder
        >>> network = keras.Sequential([keras.Input((8,)), keras.layers.GaussianNoise(0.1), keras.layers.Dense(4)])
        >>> model = Encoder(network, objective=Projected(NTXent(), units=(256, 128)))
        >>> model.compile(optimizer="adam")
        >>> items = np.random.default_rng(0).normal(size=(24, 8)).astype("float32")
        >>> history = model.fit(TwoViews(ArrayItems(items), batch_size=12), verbose=0)
        >>> model.embed(items).shape
        (24, 4)

    Reference:
        Chen et al. 2020, A simple framework for contrastive learning of visual representations.
    """

    def __init__(self, objective: Objective | keras.losses.Loss, units: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(int(count) for count in units)
        if not self.units or min(self.units) < 1:
            raise ValueError(f"`units` must hold one positive number at least. Received: units={tuple(units)}.")
        self.objective = as_objective(objective)
        self.projection = []
        for count in self.units[:-1]:
            self.projection += [
                keras.layers.Dense(count, use_bias=False, dtype=self.dtype_policy),
                keras.layers.BatchNormalization(dtype=self.dtype_policy),
                keras.layers.ReLU(dtype=self.dtype_policy),
            ]
        self.projection.append(keras.layers.Dense(self.units[-1], dtype=self.dtype_policy))

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Names of the values that `measures` returns: those of the objective."""
        return self.objective.measure_names

    def build(self, embeddings_shape: tuple) -> None:
        shape = (None, embeddings_shape[-1])
        for layer in self.projection:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        if not self.objective.built:
            self.objective.build((*embeddings_shape[:-1], shape[-1]))

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        return self.objective(
            self.project(embeddings, training), labels, sample_weight=sample_weight, training=training
        )

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns the objective's measures of the projections, which are normalised by the moving averages."""
        return self.objective.measures(self.project(embeddings), labels)

    def project(self, embeddings: KerasTensor, training: bool | None = None) -> KerasTensor:
        """Returns `(..., units[-1])` from embeddings `(..., dim)`."""
        projections = ops.reshape(ops.cast(embeddings, self.compute_dtype), (-1, embeddings.shape[-1]))
        for layer in self.projection:
            projections = layer(projections, training=training)
        return ops.reshape(projections, (-1, *embeddings.shape[1:-1], self.units[-1]))

    def get_config(self) -> dict:
        objective = keras.saving.serialize_keras_object(self.objective)
        return super().get_config() | {"objective": objective, "units": list(self.units)}

    @classmethod
    def from_config(cls, config: dict) -> "Projected":
        return cls(**config | {"objective": keras.saving.deserialize_keras_object(config["objective"])})
