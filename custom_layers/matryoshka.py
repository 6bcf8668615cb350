"""Nested dimensions: embeddings whose first values are embeddings too."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from comparators.custom_layers.l2_normalization import l2_normalize
from comparators.custom_layers.loss_objective import as_objective
from comparators.custom_layers.objective import Objective


@keras.saving.register_keras_serializable("comparators")
class Matryoshka(Objective):
    """An objective on the first 16, 32, ... values of the embeddings, so that they can be cut short after training.

    For each of `dims`, the first values of the embeddings are brought to length 1 again and go into the objective; the
    loss is the weighted sum. What the objective learns is learnt for each dimension on its own. To use 16 values of a
    trained encoder take `embed(items)[:, :16]`.

    Measures end in their dimension: `accuracy_16`.

    Args:
        objective: the objective or loss.
        dims: numbers of values, rising, the last mostly all of them.
        weights: a factor for each of them; None for 1.

    Call arguments:
        embeddings: `(batch, dim)` or `(batch, views, dim)`, as the objective takes them.
        labels: `(batch,)`.
        sample_weight: `(batch,)` or None.
        training: handed to the objective.

    Returns:
        The loss, a scalar.

    Raises:
        TypeError: `objective` is neither an objective nor a loss.
        ValueError: `dims` do not rise, there is not one of `weights` for each, a weight is negative, or the embeddings
            have fewer values than the last of `dims`.

    Requirements:
        Those of the objective. The objective must be content with embeddings of length 1.

    Relations:
        Around any objective or loss: `Matryoshka(GE2E(), (16, 64))`, `Matryoshka(SupConLoss(), (16, 64))`. In a siamese
        network the head sees all values: `WeightedObjectives` joins `InBatchPairs(head)` and a `Matryoshka`.

    Example:
        >>> from comparators.custom_layers import CosineClassifier
        >>> objective = Matryoshka(CosineClassifier(num_labels=3), dims=(2, 8))
        >>> embeddings, labels = keras.ops.ones((4, 8)), keras.ops.array([0, 1, 2, 0])
        >>> tuple(objective(embeddings, labels).shape)
        ()
        >>> sorted(objective.measures(embeddings, labels))
        ['accuracy_2', 'accuracy_8']

    Reference:
        Kusupati et al. 2022, Matryoshka representation learning.
    """

    def __init__(
        self,
        objective: Objective | keras.losses.Loss,
        dims: Sequence[int],
        weights: Sequence[float] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dims = tuple(int(dim) for dim in dims)
        if not self.dims or self.dims[0] < 1 or list(self.dims) != sorted(set(self.dims)):
            raise ValueError(f"`dims` must rise, from 1 or more. Received: dims={tuple(dims)}.")
        self.weights_of_dims = [1.0] * len(self.dims) if weights is None else [float(weight) for weight in weights]
        if len(self.weights_of_dims) != len(self.dims) or min(self.weights_of_dims) < 0:
            raise ValueError(
                "`weights` must be one for each of `dims`, none negative. "
                f"Received: dims={self.dims}, weights={self.weights_of_dims}."
            )
        objective = as_objective(objective)
        described = _without_shapes(keras.saving.serialize_keras_object(objective))
        copies = [keras.saving.deserialize_keras_object(described) for _ in self.dims[:-1]]
        self.objectives = [*copies, objective]

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Names of the values that `measures` returns."""
        return tuple(f"{name}_{dim}" for dim in self.dims for name in self.objectives[-1].measure_names)

    def build(self, embeddings_shape: tuple) -> None:
        if embeddings_shape[-1] < self.dims[-1]:
            raise ValueError(
                f"`dims` must not exceed the embeddings' {embeddings_shape[-1]} values. Received: dims={self.dims}."
            )
        for dim, objective in zip(self.dims, self.objectives, strict=True):
            if not objective.built:
                objective.build((*embeddings_shape[:-1], dim))

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        parts = zip(self._prefixes(embeddings), self.objectives, self.weights_of_dims, strict=True)
        return sum(
            weight * objective(prefix, labels, sample_weight=sample_weight, training=training)
            for prefix, objective, weight in parts
        )

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns the objective's measures for each dimension."""
        parts = zip(self.dims, self._prefixes(embeddings), self.objectives, strict=True)
        return {
            f"{name}_{dim}": value
            for dim, prefix, objective in parts
            for name, value in objective.measures(prefix, labels).items()
        }

    def _prefixes(self, embeddings: KerasTensor) -> list[KerasTensor]:
        embeddings = keras.ops.cast(embeddings, self.compute_dtype)
        return [l2_normalize(embeddings[..., :dim]) for dim in self.dims]

    def get_config(self) -> dict:
        objective = keras.saving.serialize_keras_object(self.objectives[-1])
        return super().get_config() | {"objective": objective, "dims": list(self.dims), "weights": self.weights_of_dims}

    @classmethod
    def from_config(cls, config: dict) -> "Matryoshka":
        return cls(**config | {"objective": keras.saving.deserialize_keras_object(config["objective"])})


def _without_shapes(config):
    """Drops what parts were built for, all the way down: each copy is built for a dimension of its own."""
    if isinstance(config, dict):
        return {key: _without_shapes(value) for key, value in config.items() if key != "build_config"}
    if isinstance(config, list | tuple):
        return [_without_shapes(value) for value in config]
    return config
