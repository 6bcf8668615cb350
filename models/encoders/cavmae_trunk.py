"""One modality of CAV-MAE as an encoder of its own."""

import keras
from keras import KerasTensor, ops

from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone


@keras.saving.register_keras_serializable("comparators")
class CAVMAETrunk(keras.Model):
    """Embeds items of one modality: all of its tokens through its branch and stream, and their mean.

    Args:
        backbone: shared with the trunk of the other modality.
        role: `"audio"` or `"image"`.
        name: name of the model.

    Call arguments:
        inputs: `(batch, frames, bands)`, or `{"features": (batch, frames, bands), ...}`; or images
            `(batch, height, width, channels)`; normalised floats.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: the backbone has no such role.

    Example:
        >>> backbone = CAVMAEBackbone((32, 32), (32, 32, 3), 16, modality_specific_depth=1, depth=2, num_heads=2)
        >>> CAVMAETrunk(backbone, "image")(ops.zeros((2, 32, 32, 3))).shape
        TensorShape([2, 16])
    """

    def __init__(self, backbone: CAVMAEBackbone, role: str, name: str | None = None):
        super().__init__(name=name)
        if role not in backbone.roles:
            raise ValueError(f"`role` must be one of {list(backbone.roles)}. Received: role={role!r}.")
        self.backbone = backbone
        self.role = role
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        inputs = inputs["features"] if isinstance(inputs, dict) else inputs
        tokens = self.backbone.branch(self.role, inputs, training=training)
        return ops.mean(ops.cast(self.backbone.stream(self.role, tokens, training), "float32"), axis=1)

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.backbone.embedding_dim

    def get_config(self) -> dict:
        return {
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "role": self.role,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "CAVMAETrunk":
        return cls(**config | {"backbone": keras.saving.deserialize_keras_object(config["backbone"])})
