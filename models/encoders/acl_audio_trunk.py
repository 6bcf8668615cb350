"""The audio network of the ACL 2017 model of spoken captions, rebuilt."""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.custom_layers.time_pooling import mean_over_time
from comparators.models.convert import TorchWeight
from comparators.models.encoders.davenet_audio_trunk import DaveNetAudioTrunk
from comparators.models.encoders.lstm_trunk import split_features


@keras.saving.register_keras_serializable("comparators")
class AclAudioTrunk(keras.Model):
    """Turns spectrograms into one embedding each: DAVEnet's convolutions and the mean over time.

    A reconstruction: no code was published. The paper has five convolutions with ReLU, maxima between them and the mean
    over time; the sizes are those of its successor, `DaveNetAudioTrunk`, without the batch normalisation.

    Args:
        embedding_dim: values in the embedding.
        num_features: features of a frame (mel bands).
        channels: filters of the first four convolutions.
        masked: False as published: the mean is over all frames, those past the lengths too. True leaves them out, and
            sets them to zero before every convolution.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_features), "lengths": (batch,)}` with the number of valid frames of
            each item; or the features alone, all valid.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: see `DaveNetAudioTrunk`.

    Example:
        >>> from keras import ops
        >>> trunk = AclAudioTrunk(embedding_dim=4, channels=(8, 8, 8, 8))
        >>> tuple(trunk(ops.ones((2, 100, 40))).shape)
        (2, 4)

    Reference:
        Harwath and Glass 2017, Learning word-like units from joint audio-visual analysis.
    """

    def __init__(
        self,
        embedding_dim: int = 1024,
        num_features: int = 40,
        channels: Sequence[int] = (128, 256, 512, 512),
        masked: bool = False,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.convolutions = DaveNetAudioTrunk(
            embedding_dim, num_features, channels, normalize_input=False, masked=masked, name="convolutions"
        )
        self.normalization = L2Normalization(dtype="float32", name="normalization")
        self.built = True  # the convolutions are

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        _, lengths = split_features(inputs)
        heard = self.convolutions(inputs, training=training)["map"]
        real = -(-lengths // 16) if self.convolutions.masked and lengths is not None else None
        return self.normalization(mean_over_time(heard, real))

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        return self.convolutions.embedding_dim

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a state dict go that has the names of DAVEnet's convolutions."""
        return self.convolutions.torch_weights()

    def get_config(self) -> dict:
        config = self.convolutions.get_config()
        del config["normalize_input"]
        return config | {"name": self.name}
