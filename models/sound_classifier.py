"""An encoder of sound with a head that names classes."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class SoundClassifier(keras.Model):
    """Tells classes of sounds: an encoder, and a head on its embedding.

    `AST` and `SharedConvolutionClassifier` are such. The encoder stays usable alone, for everything that takes an
    embedding. The logits are plain: train with `keras.losses.CategoricalCrossentropy(from_logits=True)`, which takes
    soft labels of mixup too.

    Args:
        encoder: a trunk from features to embeddings, or a `WaveformEncoder` with such a trunk.
        head: layer from embeddings `(batch, embedding_dim)` to logits `(batch, num_classes)`.
        labels: names of the classes, in the order of the logits; None where they have none.
        name: name of the model.

    Call arguments:
        inputs: as the encoder takes them.
        training: handed to the encoder and the head.

    Returns:
        Logits `(batch, num_classes)`, float32.

    Raises:
        ValueError: the labels are not one for each logit.

    Example:
        >>> from comparators.models.encoders import SharedConvolutionTrunk
        >>> encoder = SharedConvolutionTrunk(num_frames=64, num_features=40)
        >>> model = SoundClassifier(encoder, keras.layers.Dense(2, dtype="float32"), labels=["dog", "rain"])
        >>> tuple(model(ops.ones((3, 64, 40))).shape), model.predicted_labels(np.ones((3, 64, 40))).shape
        ((3, 2), (3,))
    """

    def __init__(
        self,
        encoder: keras.Model,
        head: keras.layers.Layer,
        labels: Sequence[str] | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.encoder = encoder
        self.head = head
        self.labels = None if labels is None else [str(label) for label in labels]
        self.build()
        if self.labels is not None and len(self.labels) != self.num_classes:
            raise ValueError(
                f"`labels` must be one name for each of the {self.num_classes} classes. Received: {len(self.labels)}."
            )

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the encoder knows its sizes."""
        if self.built:
            return
        self.head.build((None, self.encoder.embedding_dim))
        self.built = True

    @property
    def num_classes(self) -> int:
        """Logits of a sound."""
        return self.head.compute_output_shape((1, self.encoder.embedding_dim))[-1]

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        return ops.cast(self.head(self.encoder(inputs, training=training), training=training), "float32")

    def predicted_labels(self, inputs, batch_size: int = 32) -> np.ndarray:
        """Returns the name of each sound's most likely class, or its number where the classes have no names, `(n,)`."""
        codes = self.predict(inputs, batch_size=batch_size, verbose=0).argmax(axis=1)
        return codes if self.labels is None else np.array(self.labels)[codes]

    def compute_output_shape(self, input_shape) -> tuple:
        return (self.encoder.compute_output_shape(input_shape)[0], self.num_classes)

    @property
    def trunk(self) -> keras.Model:
        """The part of the encoder that takes features."""
        return getattr(self.encoder, "trunk", self.encoder)

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "encoder": serialize(self.encoder),
            "head": serialize(self.head),
            "labels": self.labels,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "SoundClassifier":
        deserialize = keras.saving.deserialize_keras_object
        parts = {part: deserialize(config[part]) for part in ("encoder", "head") if part in config}
        return cls(**config | parts)
