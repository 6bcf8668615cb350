"""The classifier that warms DAVEnet's audio network up."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import zero_padding
from comparators.models.convert import TorchWeight, linear_weights
from comparators.models.encoders.davenet_audio_trunk import (
    FRAMES_PER_MAP_FRAME,
    DaveNetAudioTrunk,
    check_features,
    check_sizes,
)
from comparators.models.encoders.lstm_trunk import split_features


@keras.saving.register_keras_serializable("comparators")
class AudioWarmUpClassifier(keras.Model):
    """Tells the scene that a spoken caption describes: DAVEnet's audio network and one linear layer on its whole map.

    Train it on captions and the scenes of their images first, then let the network go on with images: `transfer` hands
    the weights over. It takes sounds of one number of frames, for which the front end pads or cuts.

    Args:
        trunk: the audio network.
        num_classes: scenes; 205 in the Places data.
        num_frames: of every sound.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, num_frames, bands), "lengths": (batch,)}`, or the features alone.
        training: whether the batch's own statistics are taken.

    Returns:
        Logits `(batch, num_classes)`, float32.

    Raises:
        ValueError: a size is not positive, or the features have another number of frames.

    Example:
        >>> trunk = DaveNetAudioTrunk(embedding_dim=4, channels=(8, 8, 8, 8))
        >>> classifier = AudioWarmUpClassifier(trunk, num_classes=3, num_frames=64)
        >>> tuple(classifier(ops.ones((2, 64, 40))).shape)
        (2, 3)
        >>> classifier.transfer(DaveNetAudioTrunk(embedding_dim=4, channels=(8, 8, 8, 8), masked=True))

    Reference:
        Harwath et al. 2018, Jointly discovering visual objects and spoken words from raw sensory input.
    """

    def __init__(
        self, trunk: DaveNetAudioTrunk, num_classes: int = 205, num_frames: int = 1024, name: str | None = None
    ):
        super().__init__(name=name)
        check_sizes({"num_classes": num_classes, "num_frames": num_frames})
        self.trunk = trunk
        self.num_classes = num_classes
        self.num_frames = num_frames
        self.head = keras.layers.Dense(num_classes, dtype="float32", name="head")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes do not depend on the input."""
        if not self.built:
            self.head.build((None, -(-self.num_frames // FRAMES_PER_MAP_FRAME) * self.trunk.embedding_dim))
            self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        features, lengths = split_features(inputs)
        check_features(features, self.trunk.num_features)
        if features.shape[1] not in (None, self.num_frames):
            raise ValueError(
                f"Sounds must have {self.num_frames} frames, `num_frames`; set the front end's `target_length`. "
                f"Received: shape={tuple(features.shape)}."
            )
        heard = self.trunk(inputs, training=training)["map"]
        if self.trunk.masked and lengths is not None:
            heard = zero_padding(heard, -(-lengths // FRAMES_PER_MAP_FRAME))
        channels_first = ops.transpose(heard, (0, 2, 1))  # the order of the published weights
        return self.head(ops.reshape(channels_first, (-1, self.head.kernel.shape[0])))

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.num_classes)

    def transfer(self, trunk: DaveNetAudioTrunk) -> None:
        """Sets the weights of another audio network to those of this classifier's.

        Args:
            trunk: of the same sizes; `masked` may differ.

        Raises:
            ValueError: its sizes differ (by Keras, which names the shapes).
        """
        trunk.set_weights(self.trunk.get_weights())

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a PyTorch state dict go: the audio network's, and `fc`."""
        return [*self.trunk.torch_weights(), *linear_weights("fc", self.head)]

    def get_config(self) -> dict:
        return {
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "num_classes": self.num_classes,
            "num_frames": self.num_frames,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> "AudioWarmUpClassifier":
        return cls(keras.saving.deserialize_keras_object(config.pop("trunk")), **config)
