"""Other voices in the background, in training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation, added_at, power, value_range


@keras.saving.register_keras_serializable("comparators")
class AddBabble(WaveformAugmentation):
    """Adds other items of the batch, all of one level, at a signal-to-noise ratio.

    The voices are other items out of those that are changed, drawn by chance; one of the same label may be among them.
    A batch of one stays as it is.

    Args:
        num_voices: items added to each.
        snr_range: lowest and highest ratio of the item to all voices together, in dB.
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
        >>> voices = ops.array([[1.0, 1.0], [3.0, 3.0]])
        >>> layer = AddBabble(num_voices=1, snr_range=(0, 0), probability=1.0)
        >>> ops.convert_to_numpy(layer(voices, training=True))
        array([[2., 2.],
               [6., 6.]], dtype=float32)
    """

    def __init__(
        self,
        num_voices: int = 3,
        snr_range: Sequence[float] = (10.0, 25.0),
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability=probability, seed=seed, **kwargs)
        if num_voices < 1:
            raise ValueError(f"`num_voices` must be positive. Received: num_voices={num_voices}.")
        self.num_voices = num_voices
        self.fewest_items = num_voices + 1
        self.snr_range = value_range("snr_range", snr_range)

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch = ops.shape(waveforms)[0]
        levelled = waveforms * ops.rsqrt(ops.maximum(power(waveforms, lengths), 1e-10))
        rows = ops.arange(batch, dtype="int32")
        babble = sum(ops.take(levelled, (rows + self._away(batch)) % batch, axis=0) for _ in range(self.num_voices))
        alone = ops.cast(batch, "int32") == 1
        return added_at(waveforms, ops.where(alone, 0.0, babble), lengths, self.draw(batch, self.snr_range))

    def _away(self, batch: int | KerasTensor) -> KerasTensor:
        """Returns how many rows away a voice is: a scalar draw from 1..batch - 1."""
        others = ops.maximum(ops.cast(batch, "float32") - 1.0, 1.0)
        draw = keras.random.uniform((), dtype="float32", seed=self.seed_generator)
        return ops.cast(1.0 + ops.minimum(ops.floor(draw * others), others - 1.0), "int32")

    def get_config(self) -> dict:
        return super().get_config() | {"num_voices": self.num_voices, "snr_range": list(self.snr_range)}
