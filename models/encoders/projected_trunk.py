"""A trunk and the projection after it, as one trunk."""

import keras
from keras import KerasTensor

from comparators.custom_layers.projection import Projection


@keras.saving.register_keras_serializable("comparators")
class ProjectedTrunk(keras.Model):
    """Projects what a trunk gives: a dense layer from its embeddings to those that are compared.

    Args:
        trunk: model from features or images to embeddings `(batch, dim)`.
        projection: layer from those to `(batch, embedding_dim)`.
        name: name of the model.

    Call arguments:
        inputs: as the trunk takes them.
        training: handed to the trunk.

    Returns:
        Embeddings `(batch, embedding_dim)`.

    Example:
        >>> from keras import ops
        >>> from comparators.models.encoders import MelCNNTrunk
        >>> trunk = ProjectedTrunk(MelCNNTrunk(channels=(4, 8, 8, 8)), Projection(3))
        >>> tuple(trunk(ops.ones((2, 63, 80))).shape)
        (2, 3)
    """

    def __init__(self, trunk: keras.Model, projection: Projection, name: str | None = None):
        super().__init__(name=name)
        self.trunk = trunk
        self.projection = projection
        if not projection.built:
            projection.build((None, trunk.embedding_dim))
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        return self.projection(self.trunk(inputs, training=training))

    def compute_output_shape(self, input_shape) -> tuple:
        batch = self.trunk.compute_output_shape(input_shape)[0]
        return (batch, self.embedding_dim)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.projection.units

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {"trunk": serialize(self.trunk), "projection": serialize(self.projection), "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> "ProjectedTrunk":
        deserialize = keras.saving.deserialize_keras_object
        return cls(deserialize(config["trunk"]), deserialize(config["projection"]), name=config["name"])
