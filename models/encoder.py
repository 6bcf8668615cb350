"""One encoder whose embeddings are compared: the family of metric-learning networks."""

import keras
import numpy as np

from comparators.custom_layers.objective import Objective
from comparators.models.comparator import Comparator


@keras.saving.register_keras_serializable("comparators")
class Encoder(Comparator):
    """A comparator with one encoder for both sides, trained on groups of items of one label.

    Use it to train any `keras.Model` of your own as an encoder. `AudioEncoder` is the form for sound.

    Args:
        encoder: model from a batch of items to embeddings `(batch, embedding_dim)`.
        objective: layer from embeddings and labels to a loss, such as `GE2E`; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        name: name of the model.

    Call arguments:
        inputs: a batch of items, as the encoder takes them.
        training: handed to the encoder.

    Returns:
        Embeddings `(batch, embedding_dim)`.

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
        super().__init__({"item": encoder}, objective=objective, similarity=similarity, name=name)
        if encoder.built:
            self.build()

    @property
    def encoder(self) -> keras.Model:
        """The encoder."""
        return self.encoders[0]

    def build(self, input_shape=None) -> None:
        if not self.encoder.built:
            self.encoder.build(input_shape)
        if self.objective is not None and not self.objective.built:
            self.objective.build((None, self.embedding_dim))
        self.built = True

    def call(self, inputs, training: bool | None = None):
        return self.encoder(inputs, training=training)

    def compute_output_shape(self, input_shape) -> tuple:
        return self.encoder.compute_output_shape(input_shape)

    def embed(self, inputs, role: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings of a batch of items.

        Args:
            inputs: array `(n, ...)` of items, or a sequence of arrays of one shape.
            role: not needed, there is one encoder.
            batch_size: items encoded at once.

        Returns:
            Embeddings `(n, embedding_dim)`, float32.
        """
        inputs = inputs if hasattr(inputs, "shape") else np.stack(inputs)
        return np.asarray(self.encoder_of(role).predict(inputs, batch_size=batch_size, verbose=0), np.float32)

    @classmethod
    def from_config(cls, config: dict) -> "Encoder":
        parts = cls.parts_from_config(config)
        model = cls(parts["encoders"]["item"], parts["objective"], config["similarity"], name=config["name"])
        model.threshold, model.calibration = parts["threshold"], parts["calibration"]
        return model
