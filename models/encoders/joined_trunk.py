"""Several trunks on the same features, as one."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class JoinedTrunk(keras.Model):
    """Puts the embeddings of several trunks side by side: the cosine of two joined embeddings is the mean of theirs.

    Trunks that err differently (a trained network and a fitted linear one) are better joined than each alone.

    Args:
        trunks: that take the same features and give L2-normalised embeddings.
        name: name of the model.

    Call arguments:
        inputs: what the trunks take.
        training: handed to the trunks.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32; `embedding_dim` is the sum of the trunks'.

    Raises:
        ValueError: there is no trunk.

    Example:
        >>> from comparators.models.encoders import DiscriminantTrunk, LSTMTrunk
        >>> trunks = [LSTMTrunk(units=8, num_layers=1, embedding_dim=4), DiscriminantTrunk(3, num_features=40)]
        >>> trunk = JoinedTrunk(trunks)
        >>> tuple(trunk(ops.ones((2, 30, 40))).shape)
        (2, 7)
    """

    def __init__(self, trunks: Sequence[keras.Model], name: str | None = None):
        super().__init__(name=name)
        if not trunks:
            raise ValueError(f"`trunks` must have at least one trunk. Received: trunks={trunks}.")
        self.trunks = list(trunks)
        self.embedding_dim = sum(trunk.embedding_dim for trunk in self.trunks)

    def build(self, input_shape) -> None:
        for trunk in self.trunks:
            if not trunk.built:
                trunk.build(input_shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        embeddings = [trunk(inputs, training=training) for trunk in self.trunks]
        return ops.concatenate(embeddings, axis=-1) / len(self.trunks) ** 0.5

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def get_config(self) -> dict:
        return {"trunks": [keras.saving.serialize_keras_object(trunk) for trunk in self.trunks], "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> "JoinedTrunk":
        trunks = [keras.saving.deserialize_keras_object(trunk) for trunk in config["trunks"]]
        return cls(trunks, name=config["name"])
