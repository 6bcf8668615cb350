"""Embeddings on the unit sphere."""

import keras
from keras import KerasTensor, ops


def l2_normalize(vectors: KerasTensor, axis: int = -1, epsilon: float = 1e-12) -> KerasTensor:
    """Divides vectors by their Euclidean norm; unlike with `keras.ops.normalize`, a zero vector has a finite gradient.

    Args:
        vectors: `(..., dim)`.
        axis: of the vectors' components.
        epsilon: smallest squared norm that is divided by.

    Returns:
        `(..., dim)`.

    Example:
        >>> ops.convert_to_numpy(l2_normalize(ops.array([[3.0, 4.0], [0.0, 0.0]])))
        array([[0.6, 0.8],
               [0. , 0. ]], dtype=float32)
    """
    squared_norm = ops.sum(ops.square(vectors), axis=axis, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squared_norm, epsilon))


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
        return ops.cast(l2_normalize(vectors, self.axis, self.epsilon), inputs.dtype)

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict:
        return super().get_config() | {"axis": self.axis, "epsilon": self.epsilon}
