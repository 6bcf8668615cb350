"""An encoder of waveforms: augmentation, front end and trunk in one saved model."""

from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable("comparators")
class WaveformEncoder(keras.Model):
    """Encodes waveforms: `front_end` turns them into features, `trunk` turns features into embeddings.

    The front end is a layer inside the model, so that a saved file takes waveforms and training and use cannot
    differ. Both parts are public: features computed once can be fed to `trunk` alone.

    Args:
        front_end: layer from waveforms `(batch, samples)` to features `(batch, frames, num_mels)`, with
            `output_lengths(lengths)` from samples to frames, such as `LogMel`.
        trunk: model from `{"features": (batch, frames, num_mels), "lengths": (batch,)}` to embeddings
            `(batch, embedding_dim)`, such as `ConvolutionalTrunk`.
        augmentation: layers applied to the waveforms in training only, in this order, such as `AddNoise`. Each is
            called as `layer(waveforms, lengths, training=...)` and returns waveforms of the same lengths.
        name: name of the model.

    Call arguments:
        inputs: `{"waveforms": (batch, samples), "lengths": (batch,)}` with float waveforms in [-1, 1] and the number
            of valid samples of each; or the waveforms alone, all valid.
        training: whether to augment.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Example:
        >>> import numpy as np
        >>> from comparators.custom_layers import LogMel
        >>> from comparators.models.encoders import LSTMTrunk
        >>> encoder = WaveformEncoder(LogMel(num_mels=40), LSTMTrunk(units=8, num_layers=1, embedding_dim=4))
        >>> encoder(np.zeros((2, 16000), "float32")).shape
        TensorShape([2, 4])
    """

    def __init__(
        self,
        front_end: keras.layers.Layer,
        trunk: keras.Model,
        augmentation: Sequence[keras.layers.Layer] = (),
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not hasattr(front_end, "output_lengths"):
            raise TypeError(
                "`front_end` must have `output_lengths(lengths)`, as the layers of `comparators.custom_layers` have. "
                f"Received: front_end={front_end!r}"
            )
        self.front_end = front_end
        self.trunk = trunk
        self.augmentation = list(augmentation)
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the parts know their shapes, whatever the input."""
        if self.built:
            return
        waveforms, lengths = keras.KerasTensor((None, None)), keras.KerasTensor((None,), "int32")
        self.trunk({"features": self.front_end(waveforms, lengths), "lengths": lengths})
        for layer in self.augmentation:
            waveforms = layer(waveforms, lengths, training=True)
        self.built = True

    def call(self, inputs, training: bool | None = None):
        return self.trunk(self.features(inputs, training), training=training)

    def features(self, inputs, training: bool | None = None) -> dict:
        """Returns what the trunk takes: `{"features": (batch, frames, num_mels), "lengths": (batch,)}`.

        Args:
            inputs: see the call's.
            training: whether to augment.
        """
        waveforms, lengths = split_waveforms(inputs)
        if training:
            for layer in self.augmentation:
                waveforms = layer(waveforms, lengths, training=training)
        frames = ops.cast(self.front_end.output_lengths(lengths), "int32")
        return {"features": self.front_end(waveforms, lengths), "lengths": frames}

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.trunk.embedding_dim

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {
            "front_end": serialize(self.front_end),
            "trunk": serialize(self.trunk),
            "augmentation": [serialize(layer) for layer in self.augmentation],
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "WaveformEncoder":
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            deserialize(config["front_end"]),
            deserialize(config["trunk"]),
            [deserialize(layer) for layer in config["augmentation"]],
            name=config["name"],
        )


def split_waveforms(inputs) -> tuple:
    """Splits an encoder's input into `(waveforms, lengths)`; without lengths, every sample is valid."""
    if isinstance(inputs, dict):
        return inputs["waveforms"], ops.cast(inputs["lengths"], "int32")
    batch, samples = ops.shape(inputs)
    return inputs, ops.full((batch,), samples, dtype="int32")
