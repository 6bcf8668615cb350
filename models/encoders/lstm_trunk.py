"""The recurrent trunk of the GE2E paper: LSTM layers, the last valid state, a linear layer."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.l2_normalization import L2Normalization
from comparators.models.convert import TorchWeight, linear_weights, lstm_weights


@keras.saving.register_keras_serializable("comparators")
class LSTMTrunk(keras.Model):
    """Turns features into an embedding with a stack of LSTM layers.

    The embedding is made of the last layer's output at the last valid frame of each item, so that padding behind it
    changes nothing. Use it for windows of one length, as the GE2E paper does (3 layers of 768 units);
    `ConvolutionalTrunk` is faster and copes better with lengths that differ.

    Args:
        units: values in the state of each LSTM layer.
        num_layers: LSTM layers, one on the other.
        embedding_dim: values in the embedding.
        activation: of the linear layer after the LSTM, None or a name such as `"relu"`.
        name: name of the model.

    Call arguments:
        inputs: `{"features": (batch, frames, num_mels), "lengths": (batch,)}` with the number of valid frames of each
            item; or the features alone, all valid.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: a size is not positive.

    Example:
        >>> trunk = LSTMTrunk(units=8, num_layers=2, embedding_dim=4)
        >>> tuple(trunk({"features": ops.ones((2, 30, 40)), "lengths": ops.array([30, 12])}).shape)
        (2, 4)

    Reference:
        Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP 2018.
    """

    def __init__(
        self,
        units: int = 256,
        num_layers: int = 3,
        embedding_dim: int = 256,
        activation: str | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        for argument, value in {"units": units, "num_layers": num_layers, "embedding_dim": embedding_dim}.items():
            if value < 1:
                raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}.")
        self.units = units
        self.num_layers = num_layers
        self.embedding_dim = embedding_dim
        self.activation = keras.activations.get(activation)
        self.recurrent_layers = [
            keras.layers.LSTM(units, return_sequences=True, name=f"lstm_{index}") for index in range(num_layers)
        ]
        self.projection = keras.layers.Dense(embedding_dim, activation=self.activation, name="projection")
        self.normalization = L2Normalization(dtype="float32", name="normalization")

    def build(self, input_shape) -> None:
        batch, frames, num_features = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        for layer in self.recurrent_layers:
            layer.build((batch, frames, num_features))
            num_features = self.units
        self.projection.build((batch, self.units))
        self.built = True

    def call(self, inputs) -> KerasTensor:
        sequences, lengths = split_features(inputs)
        for layer in self.recurrent_layers:
            sequences = layer(sequences)
        return self.normalization(self.projection(last_frames(sequences, lengths)))

    def compute_output_shape(self, input_shape) -> tuple:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        return (shape[0], self.embedding_dim)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of `lstm` (`torch.nn.LSTM`) and `linear` (`torch.nn.Linear`) go."""
        weights = [w for index, layer in enumerate(self.recurrent_layers) for w in lstm_weights("lstm", index, layer)]
        return weights + linear_weights("linear", self.projection)

    def get_config(self) -> dict:
        return {
            "units": self.units,
            "num_layers": self.num_layers,
            "embedding_dim": self.embedding_dim,
            "activation": keras.activations.serialize(self.activation),
            "name": self.name,
        }


def split_features(inputs) -> tuple:
    """Splits a trunk's input into `(features, lengths)`; features alone have no lengths (None): all are valid."""
    if isinstance(inputs, dict):
        return inputs["features"], inputs["lengths"]
    return inputs, None


def last_frames(sequences: KerasTensor, lengths: KerasTensor | None) -> KerasTensor:
    """Takes the last valid frame of each item.

    Args:
        sequences: `(batch, frames, channels)`.
        lengths: int `(batch,)` in frames; None when every frame is valid.

    Returns:
        `(batch, channels)`. An item without a frame gives its first one.

    Example:
        >>> ops.convert_to_numpy(last_frames(ops.reshape(ops.arange(6), (2, 3, 1)), ops.array([1, 3])))
        array([[0],
               [5]], dtype=int32)
    """
    if lengths is None:
        return sequences[:, -1]
    last = ops.maximum(ops.cast(lengths, "int32") - 1, 0)
    return ops.squeeze(ops.take_along_axis(sequences, last[:, None, None], axis=1), axis=1)
