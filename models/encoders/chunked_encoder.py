"""An encoder that trains on large batches in the memory of small ones."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class ChunkedEncoder(keras.Model):
    """Encodes a batch chunk by chunk in training, and recomputes each chunk's activations in the backward pass.

    In-batch losses get better with the number of items that they compare, while the activations of a network fill
    memory. Here a chunk's activations are dropped once it is encoded; the loss sees the embeddings of the whole batch,
    and then each chunk is encoded again for its gradients, one after the other. Values and gradients are those of the
    whole batch; memory is that of one chunk, for about one third more time (`benchmarks/large_batches.md`). Wrap the
    encoder, or only its trunk: `WaveformEncoder(front_end, ChunkedEncoder(trunk, 64))`. Out of training nothing is cut
    or recomputed.

    - Random layers draw for each chunk anew, and the same numbers again when it is recomputed.
    - Batch normalisation takes the statistics of a chunk, not of the batch, and its moving averages move once a chunk:
      keep chunks at 32 items or more. With layer or group normalisation nothing differs.
    - On TensorFlow it trains without XLA, which Keras sees to where `jit_compile` is left as it is.
    - Chunks are of one size. Where the batch does not divide, its first items fill the last chunk, and are dropped.

    Args:
        encoder: model from a batch of items to embeddings `(batch, embedding_dim)`.
        chunk_size: most items that are encoded at once.
        name: name of the model.

    Call arguments:
        inputs: a batch of items, an array or a dict of arrays, as the encoder takes them.
        training: whether to go by chunks; handed to the encoder.

    Returns:
        Embeddings `(batch, embedding_dim)`, float32.

    Raises:
        ValueError: if `chunk_size` is not positive.

    Example:
        >>> import numpy as np
        >>> network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> items = np.random.default_rng(0).normal(size=(100, 8)).astype("float32")
        >>> embeddings = ChunkedEncoder(network, chunk_size=32)(items, training=True)
        >>> bool(np.allclose(embeddings, network(items), atol=1e-5))
        True

    Reference:
        Gao et al. 2021, Scaling deep contrastive learning batch size under memory limited setup; Chen et al. 2016,
        Training deep nets with sublinear memory cost.
    """

    def __init__(self, encoder: keras.Model, chunk_size: int, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        if chunk_size < 1:
            raise ValueError(f"`chunk_size` must be positive. Received: chunk_size={chunk_size}.")
        self.encoder = encoder
        self.chunk_size = int(chunk_size)
        # TensorFlow's XLA wants the number of chunks before it knows the batch; Keras then trains without XLA.
        self.supports_jit = keras.backend.backend() != "tensorflow"
        self.built = encoder.built

    def build(self, input_shape) -> None:
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        if not training:
            return ops.cast(self.encoder(inputs, training=training), self.compute_dtype)
        chunks, num_items = self._chunks(inputs)
        variables, state_variables = self._variables()
        weights = [ops.convert_to_tensor(variable) for variable in variables]
        encode = keras.remat(self._encode)

        def step(carry: Sequence, chunk) -> tuple[Sequence, Sequence]:
            results = encode(chunk, weights, carry[2:])
            return results, results

        # A step's results are the next one's carry, because TensorFlow's scan wants both alike; the embeddings and the
        # losses in it are not looked at.
        size = ops.shape(keras.tree.flatten(chunks)[0])[1]
        start = [ops.zeros((size, self.embedding_dim)), ops.zeros(())]
        start += [_to_floats(ops.convert_to_tensor(variable)) for variable in state_variables]
        last, (embeddings, losses, *_) = ops.scan(step, start, chunks)
        for variable, value in zip(state_variables, last[2:], strict=True):
            variable.assign(_from_floats(value, variable.dtype))
        self.add_loss(ops.mean(losses))
        return ops.reshape(embeddings, (-1, self.embedding_dim))[:num_items]

    def _encode(self, chunk, weights: Sequence[KerasTensor], state: Sequence[KerasTensor]) -> list[KerasTensor]:
        """Encodes without side effects: recomputed, it gives the same, and no moving average moves twice.

        Returns the embeddings, the sum of the losses that layers added, and the state after it.
        """
        variables, state_variables = self._variables()
        mapping = list(zip(variables, weights, strict=True))
        for variable, value in zip(state_variables, state, strict=True):
            mapping.append((variable, _from_floats(value, variable.dtype)))
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            embeddings = ops.cast(self.encoder(chunk, training=True), self.compute_dtype)
            losses = sum(scope.losses, ops.zeros(()))
        return [embeddings, losses, *(_to_floats(scope.get_current_value(variable)) for variable in state_variables)]

    def _variables(self) -> tuple[list[keras.Variable], list[keras.Variable]]:
        """Returns the weights, those of frozen layers too, and what a call changes: moving averages, seeds."""
        frozen_layers = [layer for layer in self.encoder._flatten_layers() if not layer.trainable]
        weights = {id(variable) for layer in frozen_layers for variable in layer.weights}
        weights |= {id(variable) for variable in self.encoder.trainable_variables}
        variables = self.encoder.variables
        return (
            [variable for variable in variables if id(variable) in weights],
            [variable for variable in variables if id(variable) not in weights],
        )

    def _chunks(self, inputs) -> tuple:
        """Returns the inputs as `(num_chunks, size, ...)`, with all chunks of one size, and the number of items."""
        num_items = ops.shape(keras.tree.flatten(inputs)[0])[0]
        num_chunks = -(-num_items // self.chunk_size)
        size = -(-num_items // num_chunks)

        def split(array: KerasTensor) -> KerasTensor:
            filled = ops.concatenate([array, array[: num_chunks * size - num_items]], axis=0)
            return ops.reshape(filled, (num_chunks, size, *ops.shape(array)[1:]))

        return keras.tree.map_structure(split, inputs), num_items

    def compute_output_shape(self, input_shape) -> tuple:
        return self.encoder.compute_output_shape(input_shape)

    @property
    def embedding_dim(self) -> int:
        """Values in an embedding."""
        encoder = self.encoder
        return int(encoder.embedding_dim if hasattr(encoder, "embedding_dim") else encoder.output_shape[-1])

    def get_config(self) -> dict:
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {"encoder": encoder, "chunk_size": self.chunk_size, "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> "ChunkedEncoder":
        return cls(**config | {"encoder": keras.saving.deserialize_keras_object(config["encoder"])})


def _to_floats(value: KerasTensor) -> KerasTensor:
    """Makes two floats of an integer, exactly: TensorFlow cannot recompute a function that returns integers."""
    if keras.backend.is_float_dtype(value.dtype):
        return value
    return ops.cast(ops.stack([value // 65536, value % 65536]), "float32")


def _from_floats(value: KerasTensor, dtype: str) -> KerasTensor:
    if keras.backend.is_float_dtype(dtype):
        return value
    halves = ops.cast(value, dtype)
    return halves[0] * 65536 + halves[1]
