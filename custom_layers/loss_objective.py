"""A loss in the place of an objective."""

import keras
from keras import KerasTensor

from comparators.custom_layers.objective import Objective


@keras.saving.register_keras_serializable("comparators")
class LossObjective(Objective):
    """A Keras loss as an objective, so that it goes into `WeightedObjectives` or stands beside one.

    A loss alone is simply given to `compile(loss=...)`. `Matryoshka` and `Projected` take losses as they are.

    Args:
        loss: from labels and embeddings to a scalar, such as those of `comparators.losses`.

    Call arguments:
        embeddings: as the loss takes them, `(batch, dim)` or `(batch, views, dim)`.
        labels: `(batch,)`.
        sample_weight: `(batch,)` or None, as in every Keras loss.

    Returns:
        The loss, a scalar.

    Raises:
        TypeError: `loss` is no `keras.losses.Loss`.
        ValueError: the loss is reduced to no scalar.

    Example:
        >>> objective = LossObjective(keras.losses.MeanSquaredError())
        >>> float(objective(keras.ops.array([[3.0], [0.0]]), keras.ops.array([[1.0], [0.0]])))
        2.0
    """

    def __init__(self, loss: keras.losses.Loss, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(loss, keras.losses.Loss):
            raise TypeError(
                "`loss` must be a `keras.losses.Loss`, such as those of `comparators.losses`. "
                f"Received: loss={loss!r}. A class must be called: `NTXent()`."
            )
        if loss.reduction in (None, "none"):
            raise ValueError(f"`loss` must be reduced to a scalar. Received: reduction={loss.reduction!r}.")
        self.loss = loss

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        return self.loss(labels, embeddings, sample_weight=sample_weight)

    def get_config(self) -> dict:
        return super().get_config() | {"loss": keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict) -> "LossObjective":
        return cls(**config | {"loss": keras.saving.deserialize_keras_object(config["loss"])})


def as_objective(objective: Objective | keras.losses.Loss) -> Objective:
    """Returns an objective as it is, and a loss as a `LossObjective`.

    Raises:
        TypeError: it is neither.

    Example:
        >>> type(as_objective(keras.losses.MeanSquaredError())).__name__
        'LossObjective'
    """
    return objective if isinstance(objective, Objective) else LossObjective(objective)
