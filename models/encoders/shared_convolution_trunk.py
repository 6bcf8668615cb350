"""The two-layer convolutional network that the small spectrogram transformer is compared with."""

import keras
from keras import KerasTensor, ops

from comparators.models.convert import TorchWeight, conv2d_weights, linear_weights
from comparators.models.encoders.davenet_audio_trunk import check_sizes
from comparators.models.encoders.lstm_trunk import split_features

_FILTERS, _KERNEL, _POOL, _TIMES = 6, 5, 2, 3


@keras.saving.register_keras_serializable("comparators")
class SharedConvolutionTrunk(keras.Model):
    """Turns spectrograms of one length into embeddings with two small convolutions, of which one is applied twice.

    A convolution (5 x 5, 6 filters), then another twice with the same weights, each followed by ReLU and the maximum of
    2 x 2; then two dense layers with ReLU, of which the second is the embedding.

    Args:
        num_frames: of every sound, at least 36.
        num_features: features of a frame (mel bands), at least 36.
        hidden_dim: of the first dense layer.
        embedding_dim: values in an embedding.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, num_frames, num_features), "lengths": (batch,)}`, or the features alone. The
            lengths are not looked at: the front end fills up.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: a size is out of its range, or the features have others.

    Example:
        >>> trunk = SharedConvolutionTrunk(num_frames=100, num_features=40)
        >>> tuple(trunk(ops.ones((2, 100, 40))).shape)
        (2, 84)

    Reference:
        LeCun et al. 1998, Gradient-based learning applied to document recognition.
    """

    def __init__(
        self,
        num_frames: int = 498,
        num_features: int = 128,
        hidden_dim: int = 120,
        embedding_dim: int = 84,
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_sizes({"hidden_dim": hidden_dim, "embedding_dim": embedding_dim})
        self.num_frames, self.num_features = num_frames, num_features
        self.hidden_dim, self.embedding_dim = hidden_dim, embedding_dim
        self.map_size = tuple(_left(size) for size in (num_frames, num_features))
        if min(self.map_size) < 1:
            raise ValueError(
                "`num_frames` and `num_features` must be at least 36: convolutions and maxima leave nothing of less. "
                f"Received: num_frames={num_frames}, num_features={num_features}."
            )
        self.convolutions = [keras.layers.Conv2D(_FILTERS, _KERNEL, name=f"convolution_{index}") for index in (1, 2)]
        self.hidden = keras.layers.Dense(hidden_dim, activation="relu", name="hidden")
        self.projection = keras.layers.Dense(embedding_dim, activation="relu", dtype="float32", name="projection")
        self.build()

    def build(self, input_shape=None) -> None:
        """Makes all variables at once: the sizes are known."""
        if self.built:
            return
        self.convolutions[0].build((None, self.num_frames, self.num_features, 1))
        self.convolutions[1].build((None, None, None, _FILTERS))
        self.hidden.build((None, _FILTERS * self.map_size[0] * self.map_size[1]))
        self.projection.build((None, self.hidden_dim))
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        planes = self.first_planes(inputs)
        for _ in range(_TIMES - 1):
            planes = self._pooled(self.convolutions[1](planes))
        channels_first = ops.transpose(planes, (0, 3, 1, 2))  # the order of the published weights
        flat = ops.reshape(channels_first, (-1, self.hidden.kernel.shape[0]))
        return self.projection(self.hidden(flat))

    def first_planes(self, inputs) -> KerasTensor:
        """Returns what the first convolution makes, `(batch, height, width, 6)`."""
        features, _ = split_features(inputs)
        check_spectrogram(features, self.num_frames, self.num_features)
        return self._pooled(self.convolutions[0](features[..., None]))

    @staticmethod
    def _pooled(planes: KerasTensor) -> KerasTensor:
        return ops.max_pool(ops.relu(planes), (_POOL, _POOL), (_POOL, _POOL), "valid")

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a PyTorch state dict go."""
        return [
            *conv2d_weights("conv1", self.convolutions[0]),
            *conv2d_weights("conv2", self.convolutions[1]),
            *linear_weights("fc1", self.hidden),
            *linear_weights("fc2", self.projection),
        ]

    def get_config(self) -> dict:
        return {
            "num_frames": self.num_frames,
            "num_features": self.num_features,
            "hidden_dim": self.hidden_dim,
            "embedding_dim": self.embedding_dim,
            "name": self.name,
        }


def check_spectrogram(features: KerasTensor, num_frames: int, num_features: int) -> None:
    """Raises ValueError unless features are `(batch, num_frames, num_features)`; the frames may be unknown."""
    shape = tuple(features.shape)
    if len(shape) != 3 or shape[2] != num_features or shape[1] not in (num_frames, None):
        raise ValueError(
            f"Features must be `(batch, {num_frames}, {num_features})`, the bands last. Received: shape={shape}. "
            "Pad or cut them, which a front end with `target_length` does, or make the network for their size."
        )


def _left(size: int) -> int:
    for _ in range(_TIMES):
        size = (size - _KERNEL + 1) // _POOL
    return size
