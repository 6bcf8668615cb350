"""One encoder whose embeddings are compared: the family of metric-learning networks."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.objective import Objective
from comparators.metrics.similarity import Similarity
from comparators.models.comparator import Comparator


@keras.saving.register_keras_serializable("comparators")
class Encoder(Comparator):
    """A comparator with one encoder for both sides, trained on embeddings.

    Use it to train any `keras.Model` of your own as an encoder. `AudioEncoder` and `ImageEncoder` are the forms for
    recordings and images. It trains on groups of items of one label, with an objective or a loss of
    `comparators.losses`, and on rows of several items: pairs, triplets, or two views of an item.

    Args:
        encoder: model from a batch of items to embeddings `(batch, embedding_dim)`.
        objective: layer from embeddings and labels to a loss, such as `GE2E`; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        name: name of the model.

    Call arguments:
        inputs: a batch of items, as the encoder takes them; or a tuple of such batches, `(a, b)` or
            `(anchor, positive, negative)`, which are encoded in one pass.
        training: handed to the encoder.

    Returns:
        Embeddings `(batch, embedding_dim)`; of a tuple, `(batch, views, embedding_dim)`.

    Example:
        >>> import keras, numpy as np
        >>> from comparators.custom_layers import GE2E
        >>> network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model = Encoder(network, objective=GE2E())
        >>> model.compile(optimizer="adam")
        >>> items, labels = np.random.default_rng(0).normal(size=(12, 8)), np.repeat(np.arange(4), 3)
        >>> history = model.fit(items, labels, batch_size=12, shuffle=False, verbose=0)
        >>> model.embed(items).shape
        (12, 4)
    """

    def __init__(
        self,
        encoder: keras.Model,
        objective: Objective | None = None,
        similarity: str = "cosine",
        name: str | None = None,
    ):
        super().__init__({"item": encoder}, objective=objective, name=name)
        if similarity not in ("cosine", "euclidean"):
            raise ValueError(f"`similarity` must be 'cosine' or 'euclidean'. Received: similarity={similarity!r}.")
        self.similarity_name = similarity
        if encoder.built:
            self.build()

    @property
    def encoder(self) -> keras.Model:
        """The encoder."""
        return self.encoders[0]

    @property
    def scorer(self) -> Similarity:
        """The name of the similarity."""
        return self.similarity_name

    def build(self, input_shape=None) -> None:
        if not self.encoder.built:
            self.encoder.build(input_shape[0] if is_row(input_shape) else input_shape)
        if self.objective is not None and not self.objective.built:
            self.objective.build((None, self.embedding_dim))
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        if is_row(inputs):
            return ops.stack(encode_row(self.encoder, inputs, training), axis=1)
        return self.encoder(inputs, training=training)

    def compute_output_shape(self, input_shape) -> tuple:
        if is_row(input_shape):
            batch, dim = self.encoder.compute_output_shape(input_shape[0])
            return (batch, len(input_shape), dim)
        return self.encoder.compute_output_shape(input_shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "similarity": self.similarity_name}

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        parts = super().parts_from_config(config)
        encoder = parts.pop("encoders")["item"]
        return {"encoder": encoder, **parts, "similarity": config["similarity"]}


def is_row(inputs) -> bool:
    """Tells whether inputs (or their shapes) are several items a row, a tuple, or one: an array or a dict of arrays.

    Example:
        >>> is_row(((None, 8), (None, 8))), is_row((None, 8)), is_row({"waveforms": (None, 100), "lengths": (None,)})
        (True, False, False)
    """
    return isinstance(inputs, tuple | list) and len(inputs) > 0 and not isinstance(inputs[0], int | type(None))


def encode_row(encoder: keras.Model, inputs: tuple, training: bool | None = None) -> list[KerasTensor]:
    """Encodes several batches in one pass, so that batch normalisation sees all of them.

    Args:
        encoder: model from a batch of items to embeddings `(batch, dim)`.
        inputs: batches of one size, each an array or a dict of arrays.
        training: handed to the encoder.

    Returns:
        The embeddings of each, `(batch, dim)`.
    """
    joined = keras.tree.map_structure(lambda *parts: ops.concatenate(parts, axis=0), *inputs)
    return ops.split(encoder(joined, training=training), len(inputs), axis=0)
