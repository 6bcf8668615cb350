"""The linear map into a space that two kinds of things share."""

import keras
from keras import KerasTensor

from comparators.custom_layers.l2_normalization import L2Normalization


@keras.saving.register_keras_serializable("comparators")
class Projection(keras.layers.Layer):
    """Projects embeddings: activation, linear layer, activation, length one; all but the linear layer are optional.

    The zero-shot siamese networks have one for each role. Their tutorial prints a sigmoid after the linear layer, their
    released checkpoints have none, and one of their image models has it *before* the linear layer: hence both places
    have a name. `normalize=True` without activations is the form that is easier to train with a margin on cosines,
    since sigmoids leave no cosine below zero.

    Args:
        units: values in a projected embedding.
        pre_activation: of the inputs, None or a name such as `"sigmoid"`.
        post_activation: of the linear layer's outputs, None or a name.
        normalize: whether the projected embeddings are divided by their Euclidean norm.

    Call arguments:
        inputs: `(batch, dim)`.

    Returns:
        `(batch, units)`.

    Raises:
        ValueError: `units` is not positive, or an activation is unknown (by Keras).

    Example:
        >>> from keras import ops
        >>> tuple(Projection(128, post_activation="sigmoid")(ops.ones((2, 300))).shape)
        (2, 128)

    Reference:
        Choi et al. 2019, Zero-shot learning for audio-based music classification and tagging.
    """

    def __init__(
        self,
        units: int,
        pre_activation: str | None = None,
        post_activation: str | None = None,
        normalize: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}.")
        self.units = units
        self.pre_activation = keras.activations.get(pre_activation)
        self.post_activation = keras.activations.get(post_activation)
        self.normalize = normalize
        self.dense = keras.layers.Dense(units, self.post_activation, dtype=self.dtype_policy, name="dense")
        self.normalization = L2Normalization(dtype=self.dtype_policy, name="normalization") if normalize else None

    def build(self, inputs_shape: tuple) -> None:
        self.dense.build(inputs_shape)

    def call(self, inputs: KerasTensor) -> KerasTensor:
        projected = self.dense(self.pre_activation(inputs))
        return self.normalization(projected) if self.normalize else projected

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return (*inputs_shape[:-1], self.units)

    def get_config(self) -> dict:
        return super().get_config() | {
            "units": self.units,
            "pre_activation": keras.activations.serialize(self.pre_activation),
            "post_activation": keras.activations.serialize(self.post_activation),
            "normalize": self.normalize,
        }
