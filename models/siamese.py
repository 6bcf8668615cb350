"""One encoder, a similarity head, the probability of "same": the family of siamese networks."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.similarity_head import SimilarityHead
from comparators.models.comparator import Comparator
from comparators.models.encoder import encode_row, is_row
from comparators.recognition.pair_probability import PairProbability


@keras.saving.register_keras_serializable("comparators")
class Siamese(Comparator):
    """Encodes two items with one encoder, and tells the probability that they are of one label.

    It trains in two ways, with the same head and the same loss. On **groups** (P labels x K items, such as
    `ArrayGroups` or `AudioGroups`), with the objective `InBatchPairs(head)`: every pair that a batch can form is scored
    from one encoding of each item. On **pairs** (`Pairs`, `PairTable`): `compile(loss="binary_crossentropy",
    metrics=["accuracy", "auc", PairEqualErrorRate(0, 1)])`. An objective is for batches of single items only; pairs
    always go to the compiled loss.

    All scores (`similarity`, `similarity_matrix`, `verify`) are the head's probabilities; `scorer` is the head as a
    small NumPy function, for `KNNRecognizer`, `cluster` and whatever takes a similarity.

    Args:
        encoder: model from a batch of items to embeddings `(batch, embedding_dim)`.
        head: scores two embeddings; None takes the objective's, or else `SimilarityHead("cosine")`.
        objective: for training on groups, such as `InBatchPairs(head)`; None to train on pairs.
        name: name of the model.

    Call arguments:
        inputs: a pair of batches of items `(a, b)`, as the encoder takes them; or one batch of items.
        training: handed to the encoder.

    Returns:
        Of a pair, the probability of "same", `(batch,)` float32; of one batch, embeddings `(batch, embedding_dim)`.

    Raises:
        ValueError: if the objective has another head than the network.

    Example:
        >>> import keras, numpy as np
        >>> from comparators.generators import ArrayItems, Pairs
        >>> network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model = Siamese(network)
        >>> model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
        >>> items, labels = np.random.default_rng(0).normal(size=(12, 8)), np.repeat(np.arange(4), 3)
        >>> history = model.fit(Pairs(ArrayItems(items), labels, batch_size=6), verbose=0)
        >>> model.similarity_matrix(items[:2], items).shape
        (2, 12)

    Reference:
        Bromley et al. 1993, Signature verification using a "siamese" time delay neural network; Koch et al. 2015,
        Siamese neural networks for one-shot image recognition.
    """

    def __init__(
        self,
        encoder: keras.Model,
        head: SimilarityHead | None = None,
        objective: Objective | None = None,
        name: str | None = None,
    ):
        super().__init__({"a": encoder, "b": encoder}, objective=objective, name=name)
        shared = getattr(objective, "head", head)
        if head is not None and head is not shared:
            raise ValueError(
                "`head` must be the objective's own, so that it is trained and used as one. "
                "Give `InBatchPairs(head)` with the same head, or leave `head` out."
            )
        self.head = SimilarityHead() if shared is None else shared
        if encoder.built:
            self.build()

    @property
    def encoder(self) -> keras.Model:
        """The encoder of both sides."""
        return self.encoders[0]

    @property
    def scorer(self) -> PairProbability:
        """The head as it is now, as a picklable NumPy function from `(n, dim)` and `(m, dim)` to `(n, m)`."""
        weights = {
            name: ops.convert_to_numpy(getattr(self.head, name))
            for name in ("kernel", "bias", "hidden_kernel", "hidden_bias")
            if hasattr(self.head, name)
        }
        return PairProbability(self.head.form, **weights)

    def build(self, input_shape=None) -> None:
        if not self.encoder.built:
            self.encoder.build(input_shape[0] if is_row(input_shape) else input_shape)
        shape = (None, self.embedding_dim)
        if not self.head.built:
            self.head.build((shape, shape))
        if self.objective is not None and not self.objective.built:
            self.objective.build(shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        if is_row(inputs):
            return ops.sigmoid(self.head(encode_row(self.encoder, inputs, training)))
        return self.encoder(inputs, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the objective's loss for single items, and the compiled loss for pairs.

        Raises:
            ValueError: if there is no compiled loss for pairs, or neither an objective nor a loss for single items.
        """
        if is_row(x) and self.loss is None:
            raise ValueError(
                "Pairs need a loss; an objective is for batches of single items. Received: a batch of pairs, no loss. "
                'Give `compile(loss="binary_crossentropy")`, or train on groups such as `ArrayGroups`.'
            )
        if not is_row(x) and self.objective is None and isinstance(self.loss, str | keras.losses.BinaryCrossentropy):
            raise ValueError(
                f"The compiled loss is for pairs. Received: single items, loss={self.loss!r}, objective=None. Train on "
                "`Pairs`; or make the network with an objective for groups: `Siamese.for_groups(encoder)`."
            )
        if is_row(x):
            return keras.Model.compute_loss(self, x, _column(y), _column(y_pred), sample_weight, training)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Returns the compiled metrics, for pairs those of a column of probabilities."""
        if is_row(x):
            y, y_pred = _column(y), _column(y_pred)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def compute_output_shape(self, input_shape) -> tuple:
        if is_row(input_shape):
            return self.encoder.compute_output_shape(input_shape[0])[:1]
        return self.encoder.compute_output_shape(input_shape)

    def with_objective(self, objective: Objective | None) -> "Siamese":
        other = super().with_objective(objective)
        other.head.set_weights(self.head.get_weights())
        return other

    def get_config(self) -> dict:
        return {**super().get_config(), "head": keras.saving.serialize_keras_object(self.head)}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        parts = super().parts_from_config(config)
        # An objective that holds the head comes back with it, and the two must stay one.
        head = getattr(parts["objective"], "head", None) or keras.saving.deserialize_keras_object(config["head"])
        return {"encoder": parts.pop("encoders")["a"], "head": head, **parts}

    @classmethod
    def for_groups(cls, encoder: keras.Model, form: str = "cosine", name: str | None = None) -> "Siamese":
        """Makes a network that trains on groups: `InBatchPairs` with a head of this form."""
        return cls(encoder, objective=InBatchPairs(SimilarityHead(form)), name=name)


def _column(values: KerasTensor) -> KerasTensor:
    """Makes one column: of `(batch,)` Keras would average the loss before the weights, and guess another accuracy."""
    return ops.reshape(values, (-1, 1))
