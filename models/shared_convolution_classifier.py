"""The two-layer convolutional classifier of environmental sounds."""

from collections.abc import Sequence

import keras

from comparators.models.convert import TorchWeight, linear_weights
from comparators.models.encoders.shared_convolution_trunk import SharedConvolutionTrunk
from comparators.models.sound_classifier import SoundClassifier


@keras.saving.register_keras_serializable("comparators")
class SharedConvolutionClassifier(SoundClassifier):
    """The small baseline for ESC-50: two convolutions, of which one is applied twice, and three dense layers.

    With the defaults it has 516,716 parameters.

    Args:
        encoder: a `SharedConvolutionTrunk`, or a `WaveformEncoder` with one; None makes one for `ESCMel`.
        num_classes: sounds to tell apart.
        labels: their names, in the order of the logits.
        name: name of the model.

    Call arguments:
        inputs: `(batch, 498, 128)`, or as the encoder takes them.

    Returns:
        Logits `(batch, num_classes)`, float32.

    Raises:
        ValueError: the labels are not as many as the classes.

    Example:
        >>> SharedConvolutionClassifier(num_classes=50).count_params()
        516716
    """

    def __init__(
        self,
        encoder: keras.Model | None = None,
        num_classes: int = 50,
        labels: Sequence[str] | None = None,
        name: str | None = None,
    ):
        encoder = SharedConvolutionTrunk() if encoder is None else encoder
        super().__init__(encoder, keras.layers.Dense(num_classes, dtype="float32", name="head"), labels, name=name)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a PyTorch state dict go."""
        return [*self.trunk.torch_weights(), *linear_weights("fc3", self.head)]

    def get_config(self) -> dict:
        config = super().get_config()
        del config["head"]
        return config | {"num_classes": self.num_classes}
