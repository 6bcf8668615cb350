"""Embeddings on the unit sphere."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class L2Normalization(keras.layers.Layer):
    """Divides each vector by its Euclidean norm, over one axis (never over the whole tensor).

    The norm is taken in float32 at least, so that half precision does not overflow.

    Args:
        axis: of the vectors' components.
        epsilon: smallest squared norm that is divided by; a zero vector stays zero and has a finite gradient.

    Call arguments:
        inputs: `(..., dim)`.

    Returns:
        `(..., dim)`, in the layer's compute dtype.

    Raises:
        ValueError: `epsilon` is not positive.

    Example:
        >>> ops.convert_to_numpy(L2Normalization()(ops.array([[3.0, 4.0]])))
        array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: int = -1, epsilon: float = 1e-12, **kwargs):
        super().__init__(**kwargs)
        if epsilon <= 0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}.")
        self.axis = axis
        self.epsilon = epsilon

    def call(self, inputs: KerasTensor) -> KerasTensor:
        vectors = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        squared_norm = ops.sum(ops.square(vectors), axis=self.axis, keepdims=True)
        return ops.cast(vectors * ops.rsqrt(ops.maximum(squared_norm, self.epsilon)), inputs.dtype)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict:
        return super().get_config() | {"axis": self.axis, "epsilon": self.epsilon}
