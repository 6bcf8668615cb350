"""Other voices in the background, in training only."""

from collections.abc import Sequence

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.waveform_augmentation import WaveformAugmentation, added_at, power, value_range


@keras.saving.register_keras_serializable("comparators")
class AddBabble(WaveformAugmentation):
    """Adds other items of the batch, all of one level, at a signal-to-noise ratio.

    Each voice is another item, the same number of rows away for the whole batch and turned in time. An item of the
    same label may be among them. A batch of one stays as it is.

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
        self.snr_range = value_range("snr_range", snr_range)

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch, num_samples = ops.shape(waveforms)
        levelled = waveforms * ops.rsqrt(ops.maximum(power(waveforms, lengths), 1e-10))
        babble = sum(self._voice(levelled, batch, num_samples) for _ in range(self.num_voices))
        return added_at(waveforms, babble, lengths, self.draw(batch, self.snr_range))

    def _voice(self, levelled: KerasTensor, batch: int | KerasTensor, num_samples: int | KerasTensor) -> KerasTensor:
        """Returns another item for each item, turned in time; zeros where there is no other."""
        rows, samples = ops.arange(batch, dtype="int32"), ops.arange(num_samples, dtype="int32")
        away = 1 + self._whole_number(batch - 1)
        voice = ops.take(levelled, (rows + away) % batch, axis=0)
        voice = ops.take(voice, (samples + self._whole_number(num_samples)) % num_samples, axis=1)
        return voice * ops.cast(ops.cast(batch, "int32") > 1, "float32")

    def _whole_number(self, end: int | KerasTensor) -> KerasTensor:
        """Returns a scalar draw from 0..end - 1; 0 when there is none."""
        end = ops.maximum(ops.cast(end, "float32"), 1.0)
        draw = keras.random.uniform((), dtype="float32", seed=self.seed_generator)
        return ops.cast(ops.minimum(ops.floor(draw * end), end - 1.0), "int32")

    def get_config(self) -> dict:
        return super().get_config() | {"num_voices": self.num_voices, "snr_range": list(self.snr_range)}
