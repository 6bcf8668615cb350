"""Spectra stretched or squeezed along frequency, in training only: other lengths of the vocal tract."""

import math
from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.spectrogram_augmentation import SpectrogramAugmentation


@keras.saving.register_keras_serializable("comparators")
class FrequencyWarp(SpectrogramAugmentation):
    """Moves what is in each band of a spectrogram to a band a few percent higher or lower, for each item anew.

    A smaller speaker's resonances lie higher by about one factor: few speakers become many. Band b of the output is
    band `b * factor` of the input, between two bands interpolated; past the last band it stays the last.

    Args:
        factor_range: smallest and largest factor; drawn evenly on a logarithmic scale.
        seed: of the draws.

    Call arguments:
        inputs: `(batch, frames, bands)`, from low to high frequencies.
        lengths: not used.
        training: whether to warp; otherwise the inputs come back as they are.

    Returns:
        `(batch, frames, bands)`.

    Raises:
        ValueError: the factors are not positive, or in the wrong order.

    Example:
        >>> layer = FrequencyWarp((2.0, 2.0))
        >>> ops.convert_to_numpy(layer(ops.array([[[0.0, 1.0, 2.0, 3.0]]]), training=True)).tolist()
        [[[0.0, 2.0, 3.0, 3.0]]]

    Reference:
        Jaitly and Hinton 2013, Vocal tract length perturbation improves speech recognition.
    """

    def __init__(self, factor_range: Sequence[float] = (0.87, 1.15), seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        low, high = factor_range
        if not 0 < low <= high:
            raise ValueError(f"`factor_range` must be positive, (lowest, highest). Received: {factor_range}.")
        self.factor_range = (float(low), float(high))

    def augment(self, inputs: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        bands, (low, high) = inputs.shape[-1], map(math.log, self.factor_range)
        draws = keras.random.uniform((ops.shape(inputs)[0], 1), dtype="float32", seed=self.seed_generator)
        factors = ops.exp(low + (high - low) * draws)
        places = ops.minimum(ops.arange(bands, dtype="float32") * factors, bands - 1.0)
        below = ops.floor(places)
        index = ops.broadcast_to(ops.cast(below, "int32")[:, None, :], ops.shape(inputs))
        fraction = ops.cast((places - below)[:, None, :], inputs.dtype)
        low_bands = ops.take_along_axis(inputs, index, axis=-1)
        high_bands = ops.take_along_axis(inputs, ops.minimum(index + 1, bands - 1), axis=-1)
        return low_bands + fraction * (high_bands - low_bands)

    def get_config(self) -> dict:
        return super().get_config() | {"factor_range": list(self.factor_range)}
