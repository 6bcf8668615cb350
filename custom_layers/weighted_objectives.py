"""Several objectives at once."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from comparators.custom_layers.objective import Objective


@keras.saving.register_keras_serializable("comparators")
class WeightedObjectives(Objective):
    """The weighted sum of objectives.

    Measures carry their objective's name: `ge2e_accuracy`. Two objectives of one class need names of their own.

    Args:
        objectives: the objectives to add, with different names.
        weights: a factor for each of them.

    Call arguments:
        embeddings: `(batch, dim)`.
        labels: int `(batch,)`, as all of the objectives need them.
        sample_weight: `(batch,)` or None.
        training: whether the loss is for training.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: the numbers of objectives and weights differ, a weight is negative, or two names are the same.
        TypeError: one of `objectives` is no `Objective`.

    Example:
        >>> from comparators.custom_layers import GE2E, CosineClassifier
        >>> parts = [GE2E(name="ge2e"), CosineClassifier(10, name="classifier")]
        >>> both = WeightedObjectives(parts, weights=[1.0, 0.5])
        >>> embeddings, labels = keras.ops.eye(4), keras.ops.array([0, 0, 9, 9])
        >>> tuple(both(embeddings, labels).shape)
        ()
        >>> sorted(both.measures(embeddings, labels))
        ['classifier_accuracy', 'ge2e_accuracy']
    """

    def __init__(self, objectives: Sequence[Objective], weights: Sequence[float], **kwargs):
        super().__init__(**kwargs)
        for objective in objectives:
            if not isinstance(objective, Objective):
                raise TypeError(f"`objectives` must hold `Objective` layers. Received: {type(objective).__name__}.")
        names = [objective.name for objective in objectives]
        if not names or len(names) != len(weights) or min(weights) < 0:
            raise ValueError(
                "`objectives` and `weights` must be of one length, at least 1, and no weight negative. "
                f"Received: objectives={names}, weights={list(weights)}."
            )
        if len(set(names)) < len(names):
            raise ValueError(f"Objectives need different names, for their measures. Received: {names}.")
        self.objectives = list(objectives)
        self.weights_of_objectives = [float(weight) for weight in weights]

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Names of the values that `measures` returns."""
        return tuple(f"{part.name}_{name}" for part in self.objectives for name in part.measure_names)

    def build(self, embeddings_shape: tuple) -> None:
        for objective in self.objectives:
            if not objective.built:  # a loaded one is
                objective.build(embeddings_shape)

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        return sum(
            weight * objective(embeddings, labels, sample_weight=sample_weight, training=training)
            for objective, weight in zip(self.objectives, self.weights_of_objectives, strict=True)
        )

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns the measures of all objectives, each under its objective's name."""
        return {
            f"{objective.name}_{name}": value
            for objective in self.objectives
            for name, value in objective.measures(embeddings, labels).items()
        }

    def get_config(self) -> dict:
        return super().get_config() | {
            "objectives": [keras.saving.serialize_keras_object(objective) for objective in self.objectives],
            "weights": self.weights_of_objectives,
        }

    @classmethod
    def from_config(cls, config: dict) -> "WeightedObjectives":
        objectives = [keras.saving.deserialize_keras_object(objective) for objective in config["objectives"]]
        return cls(**config | {"objectives": objectives})
