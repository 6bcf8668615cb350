"""Earlier and later, in training only."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation


@keras.saving.register_keras_serializable("comparators")
class RandomShift(WaveformAugmentation):
    """Shifts each item in time, both ways; zeros come in, and what leaves the item is lost.

    Args:
        max_seconds: largest shift.
        sample_rate: in Hz.
        probability: that an item is changed.
        seed: of the draws.

    Call arguments:
        inputs: waveforms `(batch, samples)`.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.
        training: whether to change anything.

    Returns:
        float32 `(batch, samples)`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> layer = RandomShift(max_seconds=0.5, sample_rate=4, probability=1.0, seed=0)
        >>> shifted = ops.convert_to_numpy(layer(ops.array([[1.0, 2.0, 3.0, 4.0]]), training=True))[0]
        >>> shifted.tolist() in ([0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 0], [3, 4, 0, 0])
        True
    """

    def __init__(
        self,
        max_seconds: float = 0.1,
        sample_rate: int = 16_000,
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        if max_seconds <= 0:
            raise ValueError(f"`max_seconds` must be positive. Received: max_seconds={max_seconds}.")
        self.max_seconds = max_seconds
        self.sample_rate = int(sample_rate)

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch, num_samples = ops.shape(waveforms)
        farthest = self.max_seconds * self.sample_rate
        shift = ops.cast(ops.round(self.draw(batch, (-farthest, farthest))), "int32")
        place = ops.arange(num_samples, dtype="int32")[None, :] - shift
        inside = (place >= 0) & (place < num_samples)
        rows = ops.arange(batch, dtype="int32")[:, None] * num_samples
        return ops.where(inside, ops.take(ops.reshape(waveforms, (-1,)), rows + ops.where(inside, place, 0)), 0.0)

    def get_config(self) -> dict:
        return super().get_config() | {"max_seconds": self.max_seconds, "sample_rate": self.sample_rate}
