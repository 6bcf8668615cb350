"""What all augmentations of spectrograms share: when they act, and that sizes stay."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class SpectrogramAugmentation(keras.layers.Layer):
    """Base of the layers that change spectrograms, or other features of frames, while training.

    Each item draws for itself; frames and features stay as many as they are. Outside of training the inputs come back
    as they are. A subclass implements `augment(inputs, lengths)`.

    Args:
        seed: of the draws.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        inputs: `(batch, frames, features)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.
        training: whether to change anything.

    Returns:
        `(batch, frames, features)`.

    Example:
        >>> class Louder(SpectrogramAugmentation):
        ...     def augment(self, inputs, lengths):
        ...         return inputs + 1.0
        >>> ops.convert_to_numpy(Louder()(ops.zeros((1, 1, 2)), training=True)).tolist()
        [[[1.0, 1.0]]]
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(
        self, inputs: KerasTensor, lengths: KerasTensor | None = None, training: bool | None = None
    ) -> KerasTensor:
        if not training:
            return inputs
        if lengths is None:
            batch, num_frames, _ = ops.shape(inputs)
            lengths = ops.broadcast_to(ops.cast(num_frames, "int32"), (batch,))
        return self.augment(inputs, lengths)

    def augment(self, inputs: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        """Returns all items changed.

        Args:
            inputs: `(batch, frames, features)`.
            lengths: int `(batch,)` in frames.

        Returns:
            The same shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `augment(inputs, lengths)`.")

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Frames stay as many as they are."""
        return lengths

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict:
        return super().get_config() | {"seed": self.seed}
