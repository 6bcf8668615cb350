"""A memory of past embeddings that a loss compares the batch with too."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.objective import Objective

_EMPTY = -1


@keras.saving.register_keras_serializable("comparators")
class CrossBatchMemory(Objective):
    """A loss on the batch's items among the batch and the embeddings of the batches before.

    An encoder drifts slowly, so that embeddings of some hundred steps ago are still good to compare with, and many
    more hard negatives are found than in a batch. The batch's items are the anchors; the items of the batch (but the
    anchor itself) and those in the memory are what they are compared with. No gradient flows into the memory. It is
    filled in training only, the oldest items leave first, and it is saved with the model. Out of training the loss is
    that of the batch alone.

    Args:
        loss: loss on the pairs of a batch, an `EmbeddingLoss` of `comparators.losses`.
        memory_size: most items in the memory.
        start_step: training steps before the memory is compared with, while the encoder still changes fast. It is
            filled from the first step on.

    Call arguments:
        embeddings: `(batch, dim)`, or `(batch, views, dim)` where all items of a row have the row's label.
        labels: int `(batch,)`, codes of the whole training set, 0 or more.
        sample_weight: of the anchors, `(batch,)` or None.
        training: whether to compare with the memory and to fill it.

    Returns:
        The loss, a scalar, as the loss gives it: while the memory is empty, that of the batch.

    Raises:
        TypeError: `loss` does not compare anchors with other items.
        ValueError: `memory_size` is not positive or `start_step` is negative.

    Requirements:
        Those of the loss. Losses of pairs gain most; a loss of all triplets costs `batch * memory_size ** 2`.

    Relations:
        `ProxyAnchor` and `CosineClassifier` learn what a memory collects. `comparators.models.encoders.ChunkedEncoder`
        makes the batch itself larger.

    Example:
        >>> from comparators.losses import ContrastiveLoss
        >>> objective = CrossBatchMemory(ContrastiveLoss(), memory_size=100)
        >>> loss = objective(ops.eye(4), ops.array([0, 0, 1, 1]), training=True)
        >>> int(ops.sum(objective.memory_labels >= 0))
        4

    Reference:
        Wang et al. 2020, Cross-batch memory for embedding learning.
    """

    def __init__(self, loss: keras.losses.Loss, memory_size: int = 4096, start_step: int = 0, **kwargs):
        super().__init__(**kwargs)
        if not hasattr(loss, "against"):
            raise TypeError(
                "`loss` must be an `EmbeddingLoss` of `comparators.losses`, which compares anchors with other items. "
                f"Received: loss={loss!r}."
            )
        if memory_size < 1:
            raise ValueError(f"`memory_size` must be positive. Received: memory_size={memory_size}.")
        if start_step < 0:
            raise ValueError(f"`start_step` must not be negative. Received: start_step={start_step}.")
        self.loss = loss
        self.memory_size = int(memory_size)
        self.start_step = int(start_step)

    def build(self, embeddings_shape: tuple) -> None:
        def add(name: str, shape: tuple, initializer, dtype: str) -> keras.Variable:
            return self.add_weight(shape=shape, initializer=initializer, dtype=dtype, trainable=False, name=name)

        empty = keras.initializers.Constant(_EMPTY)
        self.memory = add("memory", (self.memory_size, embeddings_shape[-1]), "zeros", self.variable_dtype)
        self.memory_labels = add("memory_labels", (self.memory_size,), empty, "int32")
        self.num_steps = add("num_steps", (), "zeros", "int32")

    def call(
        self,
        embeddings: KerasTensor,
        labels: KerasTensor,
        sample_weight: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        embeddings = ops.cast(embeddings, self.compute_dtype)
        views = embeddings.shape[1] if len(embeddings.shape) == 3 else 1
        items = ops.reshape(embeddings, (-1, embeddings.shape[-1]))
        labels = ops.repeat(ops.cast(ops.reshape(labels, (-1,)), "int32"), views)
        if sample_weight is not None:
            sample_weight = ops.repeat(ops.reshape(sample_weight, (-1,)), views)
        places = ops.arange(ops.shape(items)[0], dtype="int32")
        references, reference_labels, skip = items, labels, places[:, None] == places
        if training:
            absent = ops.logical_or(self.memory_labels == _EMPTY, self.num_steps < self.start_step)
            absent = ops.logical_or(ops.zeros((ops.shape(items)[0], 1), "bool"), absent)
            references = ops.concatenate([items, ops.convert_to_tensor(self.memory)], axis=0)
            reference_labels = ops.concatenate([labels, ops.convert_to_tensor(self.memory_labels)], axis=0)
            skip = ops.concatenate([skip, absent], axis=1)
            self._remember(references, reference_labels)
        return self.loss.against(items, labels, references, reference_labels, skip, sample_weight)

    def _remember(self, items: KerasTensor, labels: KerasTensor) -> None:
        """Keeps the first items of those of the batch followed by those of the memory: the newest."""
        self.memory.assign(ops.stop_gradient(items[: self.memory_size]))
        self.memory_labels.assign(labels[: self.memory_size])
        self.num_steps.assign_add(1)

    def get_config(self) -> dict:
        loss = keras.saving.serialize_keras_object(self.loss)
        return super().get_config() | {"loss": loss, "memory_size": self.memory_size, "start_step": self.start_step}

    @classmethod
    def from_config(cls, config: dict) -> "CrossBatchMemory":
        return cls(**config | {"loss": keras.saving.deserialize_keras_object(config["loss"])})
