"""Noise and a shift in time on spectrograms, in training only."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.spectrogram_augmentation import SpectrogramAugmentation


@keras.saving.register_keras_serializable("comparators")
class NoiseAndRoll(SpectrogramAugmentation):
    """Adds a little noise to normalised spectrograms and rolls them around in time, each clip by draws of its own.

    The augmentation of CAV-MAE: `x += U u / 10` with U uniform in [0, 1) for each value and u for each clip, then a
    circular shift by any number of frames: what leaves at the end comes in at the beginning, padding included.

    Args:
        noise: largest value of the noise; it is meant for features of standard deviation about one.
        roll: whether to shift.
        seed: of the draws.

    Call arguments:
        inputs: `(batch, frames, bands)`, normalised.
        lengths: not used: the padding rolls too.
        training: whether to change anything; otherwise the inputs come back as they are.

    Returns:
        `(batch, frames, bands)`.

    Raises:
        ValueError: `noise` is negative.

    Example:
        >>> rolled = NoiseAndRoll(noise=0.0, seed=1)(ops.reshape(ops.arange(5.0), (1, 5, 1)), training=True)
        >>> sorted(ops.convert_to_numpy(rolled).ravel().tolist())
        [0.0, 1.0, 2.0, 3.0, 4.0]

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    def __init__(self, noise: float = 0.1, roll: bool = True, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        if noise < 0:
            raise ValueError(f"`noise` must not be negative. Received: noise={noise}.")
        self.noise = noise
        self.roll = roll

    def augment(self, inputs: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch, num_frames, num_bands = ops.shape(inputs)
        level = self.noise * self._draw((batch, 1, 1))
        outputs = inputs + ops.cast(level * self._draw((batch, num_frames, num_bands)), inputs.dtype)
        if not self.roll:
            return outputs
        shift = ops.floor(self._draw((batch, 1)) * ops.cast(num_frames, "float32"))
        places = ops.arange(num_frames, dtype="int32")[None, :] - ops.cast(shift, "int32")
        places = ops.where(places < 0, places + num_frames, places)
        return ops.take_along_axis(outputs, places[:, :, None], axis=1)

    def _draw(self, shape: tuple) -> KerasTensor:
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)

    def get_config(self) -> dict:
        return super().get_config() | {"noise": self.noise, "roll": self.roll}
