"""What a comparator is trained for: a layer from embeddings and labels to a loss."""

import keras
from keras import KerasTensor


@keras.saving.register_keras_serializable("comparators")
class Objective(keras.layers.Layer):
    """Base of the objectives: layers that a comparator owns, so that what they learn is trained and saved with it.

    A subclass implements `call`, and `measures` when there is more to watch than the loss. Objectives compute in
    float32 under any dtype policy; `dtype="float64"` is for checks of numbers.

    Call arguments:
        embeddings: `(batch, dim)`.
        labels: int `(batch,)`, codes 0..n-1.
        sample_weight: `(batch,)`, weights of the items in the mean; None weighs them alike.
        training: whether the loss is for training.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: the dtype is neither float32 nor float64.

    Example:
        >>> class Norms(Objective):
        ...     def call(self, embeddings, labels, sample_weight=None, training=None):
        ...         return self.weighted_mean(keras.ops.norm(embeddings, axis=-1), sample_weight)
        >>> float(Norms()(keras.ops.ones((2, 4)), keras.ops.array([0, 1])))
        2.0
    """

    measure_names: tuple[str, ...] = ()
    """Names of the values that `measures` returns."""

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        if self.compute_dtype not in ("float32", "float64"):
            raise ValueError(
                "An objective computes in float32 (or float64 for checks), also in a model of mixed precision. "
                f"Received: dtype={self.dtype_policy.name}. Leave `dtype` out."
            )

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        raise NotImplementedError(f"{type(self).__name__} must implement `call(embeddings, labels, ...)`: the loss.")

    def measures(self, embeddings: KerasTensor, labels: KerasTensor) -> dict[str, KerasTensor]:
        """Returns what to watch beside the loss, by name: scalars, means over the batch. None in the base."""
        return {}

    def weighted_mean(self, losses: KerasTensor, sample_weight: KerasTensor | None) -> KerasTensor:
        """Returns the mean of `losses` `(batch,)`, weighted by `sample_weight` `(batch,)` when it is given."""
        if sample_weight is None:
            return keras.ops.mean(losses)
        weights = keras.ops.reshape(keras.ops.cast(sample_weight, losses.dtype), (-1,))
        total = keras.ops.sum(weights)
        return keras.ops.sum(losses * weights) / keras.ops.where(total == 0, keras.ops.ones_like(total), total)

    def compute_output_shape(self, embeddings_shape: tuple) -> tuple:
        return ()


def nan_for_unknown_labels(loss: KerasTensor, labels: KerasTensor, num_labels: int) -> KerasTensor:
    """Returns the loss, or NaN where one of the labels is no code from 0 to `num_labels - 1`.

    A graph cannot raise on every backend; a loss that goes on without a word would push the items of such labels away
    from all others.

    Example:
        >>> float(nan_for_unknown_labels(keras.ops.array(1.0), keras.ops.array([0, 3]), num_labels=3))
        nan
    """
    known = keras.ops.all(keras.ops.logical_and(labels >= 0, labels < num_labels))
    return keras.ops.where(known, loss, float("nan"))


def check_single_items(embeddings: KerasTensor, owner: Objective) -> None:
    """Raises a ValueError where there is more than one embedding in a row.

    Args:
        embeddings: `(batch, dim)`.
        owner: the objective, for the message.
    """
    if len(embeddings.shape) != 2:
        raise ValueError(
            f"{type(owner).__name__} needs embeddings (batch, dim): train on single items, such as `ArrayGroups`. "
            f"Received: embeddings of shape {tuple(embeddings.shape)}. For rows of several items take a loss such as "
            "`NTXent`."
        )
