"""An encoder that trains on large batches in the memory of small ones."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class ChunkedEncoder(keras.Model):
    def __init__(self, encoder: keras.Model, chunk_size: int, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        if chunk_size < 1:
            raise ValueError(f"`chunk_size` must be positive. Received: chunk_size={chunk_size}.")
        self.encoder = encoder
        self.chunk_size = int(chunk_size)
        if encoder.built:
            self.built = True

    def build(self, input_shape) -> None:
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def call(self, inputs, training: bool | None = None) -> KerasTensor:
        if not training:
            return self.encoder(inputs, training=training)
        variables = self.encoder.trainable_variables
        state_variables = self.encoder.non_trainable_variables
        weights = [ops.convert_to_tensor(variable) for variable in variables]
        dtypes = [variable.dtype for variable in state_variables]
        chunks, num_items = self._chunks(inputs)

        def encode(chunk, weights, state):
            mapping = [*zip(variables, weights), *zip(state_variables, map(_unpack, state, dtypes))]
            with keras.StatelessScope(mapping) as scope:
                embeddings = self.encoder(chunk, training=training)
            return [embeddings, *(_pack(scope.get_current_value(variable)) for variable in state_variables)]

        recomputed = keras.remat(encode)

        def step(carry, chunk):
            found = recomputed(chunk, weights, carry[1:])
            return found, found

        size = ops.shape(keras.tree.flatten(chunks)[0])[1]
        nothing = ops.zeros((size, self.embedding_dim))
        start = [nothing, *(_pack(ops.convert_to_tensor(variable)) for variable in state_variables)]
        last, found = ops.scan(step, start, chunks)
        for variable, value in zip(state_variables, last[1:], strict=True):
            variable.assign(_unpack(value, variable.dtype))
        return ops.reshape(found[0], (-1, self.embedding_dim))[:num_items]

    def _chunks(self, inputs):
        num_items = ops.shape(keras.tree.flatten(inputs)[0])[0]
        num_chunks = -(-num_items // self.chunk_size)
        size = -(-num_items // num_chunks)
        order = ops.arange(num_chunks * size) % num_items

        def split(array):
            return ops.reshape(ops.take(array, order, axis=0), (num_chunks, size, *ops.shape(array)[1:]))

        return keras.tree.map_structure(split, inputs), num_items

    @property
    def embedding_dim(self) -> int:
        encoder = self.encoder
        return int(encoder.embedding_dim if hasattr(encoder, "embedding_dim") else encoder.output_shape[-1])


def _pack(value):
    """Makes floats of integers, such as the state of random numbers: TensorFlow recomputes functions to floats only."""
    if keras.backend.is_float_dtype(value.dtype):
        return value
    return ops.cast(ops.stack([value // 65536, value % 65536]), "float32")

def _unpack(value, dtype):
    if keras.backend.is_float_dtype(dtype):
        return value
    high, low = ops.cast(value, dtype)
    return high * 65536 + low
