"""The base of all losses of this room: float32 at least, and saved with a model."""

import keras
from keras import KerasTensor


@keras.saving.register_keras_serializable("comparators")
class PreciseLoss(keras.losses.Loss):
    """Base of the losses: they compute in float32 whatever the model's precision is, and go into its file.

    Subclass `EmbeddingLoss` for a loss on the pairs of a batch, and this class for a loss on rows of several items.

    Args:
        kwargs: `name`, `reduction` and `dtype` (`"float64"` is for checks of numbers) of `keras.losses.Loss`.

    Raises:
        ValueError: the dtype is neither float32 nor float64.

    Example:
        >>> class Norms(PreciseLoss):
        ...     def call(self, labels, embeddings):
        ...         return keras.ops.norm(embeddings, axis=-1)
        >>> float(Norms()(keras.ops.array([0, 1]), keras.ops.ones((2, 4), "float16")))
        2.0
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        if self.dtype not in ("float32", "float64"):
            raise ValueError(
                "A loss computes in float32 (or float64 for checks), also for a model of mixed precision. "
                f"Received: dtype={self.dtype}. Leave `dtype` out."
            )

    def get_config(self) -> dict:
        return super().get_config() | {"dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict) -> "PreciseLoss":
        return cls(**keras.saving.deserialize_keras_object(config))


def check_positive(**arguments: float) -> None:
    """Raises a ValueError that names the first argument which is not positive."""
    for name, value in arguments.items():
        if not value > 0:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")


def split_views(embeddings: KerasTensor, num_views: int, owner: keras.losses.Loss) -> list[KerasTensor]:
    """Returns the `(batch, dim)` of each view of `(batch, num_views, dim)`.

    Raises:
        ValueError: the embeddings have another shape.
    """
    if len(embeddings.shape) != 3 or embeddings.shape[1] != num_views:
        raise ValueError(
            f"{type(owner).__name__} needs embeddings (batch, {num_views}, dim): train the encoder on rows of "
            f"{num_views} items. Received: embeddings of shape {tuple(embeddings.shape)}."
        )
    return [embeddings[:, view] for view in range(num_views)]


def codes_of(labels: KerasTensor) -> KerasTensor:
    """Returns labels `(batch,)` from `(batch,)` or `(batch, 1)`.

    Raises:
        ValueError: there is more than one value for each row.
    """
    if len(labels.shape) > 2 or (len(labels.shape) == 2 and labels.shape[1] not in (1, None)):
        raise ValueError(
            f"Labels must be one code for each row, (batch,). Received: labels of shape {tuple(labels.shape)}. "
            "Turn one-hot rows into codes with `argmax(axis=-1)`."
        )
    return keras.ops.reshape(labels, (-1,))
