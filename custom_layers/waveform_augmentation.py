"""What all augmentations of waveforms share: who is changed, when, and that lengths stay."""

import math
from collections.abc import Sequence

import keras
from keras import KerasTensor, ops
from scipy.fft import next_fast_len

from comparators.custom_layers.sequence_mask import zero_padding


@keras.saving.register_keras_serializable("comparators")
class WaveformAugmentation(keras.layers.Layer):
    """Base of the layers that change waveforms while training.

    One convention for all of them: an item keeps its length, samples past `lengths` come out as zeros, each item draws
    for itself, and it is changed with `probability`. So they can be applied one after the other with the same
    `lengths`. Outside of training the waveforms come back as they are (with the padding zeroed). They compute in
    float32 under any dtype policy, and only for `ceil(probability * batch)` items, so a small probability costs little.

    A subclass implements `augment(waveforms, lengths)`; when that needs several items at once, it sets `fewest_items`.

    Args:
        probability: that an item is changed.
        seed: of the draws.

    Call arguments:
        inputs: waveforms `(batch, samples)`, of any float type.
        lengths: int `(batch,)`, samples of each item; None when nothing is padding.
        training: whether to change anything.

    Returns:
        float32 `(batch, samples)`.

    Raises:
        ValueError: `probability` does not lie between 0 and 1.

    Example:
        >>> class Louder(WaveformAugmentation):
        ...     def augment(self, waveforms, lengths):
        ...         return 2.0 * waveforms
        >>> ops.convert_to_numpy(Louder(probability=1.0)(ops.ones((1, 3)), lengths=ops.array([2]), training=True))
        array([[2., 2., 0.]], dtype=float32)
    """

    fewest_items = 1

    def __init__(self, probability: float = 0.5, seed: int | None = None, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32", "autocast": False})
        if not 0 <= probability <= 1:
            raise ValueError(f"`probability` must lie between 0 and 1. Received: probability={probability}.")
        self.probability = probability
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(
        self, inputs: KerasTensor, lengths: KerasTensor | None = None, training: bool | None = None
    ) -> KerasTensor:
        waveforms = zero_padding(ops.cast(inputs, "float32"), lengths)
        if not training or self.probability == 0:
            return waveforms
        batch, num_samples = ops.shape(waveforms)
        if lengths is None:
            lengths = ops.broadcast_to(ops.cast(num_samples, "int32"), (batch,))
        lengths = ops.cast(lengths, "int32")
        if self.probability == 1:
            return zero_padding(self.augment(waveforms, lengths), lengths)
        return self._augment_some(waveforms, lengths)

    def _augment_some(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        """Changes as many items as a batch can need at most, and keeps the right share of the changes."""
        batch = ops.shape(waveforms)[0]
        count = self._most_changed(batch)
        chosen = ops.argsort(self.draw(batch, (0.0, 1.0))[:, 0])[:count]
        before, lengths = ops.take(waveforms, chosen, axis=0), ops.take(lengths, chosen)
        after = zero_padding(self.augment(before, lengths), lengths)
        share = self.probability * ops.cast(batch, "float32") / ops.cast(count, "float32")
        after = ops.where(self.draw(count, (0.0, 1.0)) < share, after, before)
        return ops.scatter_update(waveforms, chosen[:, None], after)

    def _most_changed(self, batch: int | KerasTensor) -> int | KerasTensor:
        if isinstance(batch, int):
            return min(batch, max(math.ceil(self.probability * batch), self.fewest_items))
        count = ops.cast(ops.ceil(self.probability * ops.cast(batch, "float32")), "int32")
        return ops.minimum(batch, ops.maximum(count, self.fewest_items))

    def augment(self, waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        """Returns all waveforms changed; what it leaves in the padding is zeroed afterwards.

        Args:
            waveforms: float32 `(batch, samples)`, zero past `lengths`.
            lengths: int32 `(batch,)`.

        Returns:
            float32 `(batch, samples)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `augment(waveforms, lengths)`.")

    def draw(self, batch: int | KerasTensor, values: tuple[float, float]) -> KerasTensor:
        """Returns `(batch, 1)` uniform draws between the two values."""
        return keras.random.uniform((batch, 1), *values, dtype="float32", seed=self.seed_generator)

    def output_lengths(self, lengths: KerasTensor) -> KerasTensor:
        """Samples stay as many as they are."""
        return lengths

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict:
        return super().get_config() | {"probability": self.probability, "seed": self.seed}


def value_range(name: str, values: Sequence[float]) -> tuple[float, float]:
    """Returns `(low, high)` as floats.

    Raises:
        ValueError: it is not two numbers, the lower one first.

    Example:
        >>> value_range("snr_range", [5, 20])
        (5.0, 20.0)
    """
    if len(values) != 2 or values[0] > values[1]:
        raise ValueError(f"`{name}` must be two numbers, the lower one first. Received: {name}={values}.")
    return float(values[0]), float(values[1])


def power(waveforms: KerasTensor, lengths: KerasTensor) -> KerasTensor:
    """Returns the mean square `(batch, 1)` of waveforms that are zero past `lengths`.

    Example:
        >>> ops.convert_to_numpy(power(ops.array([[3.0, 3.0, 0.0]]), ops.array([2])))
        array([[9.]], dtype=float32)
    """
    count = ops.maximum(ops.cast(lengths, "float32"), 1.0)[:, None]
    return ops.sum(ops.square(waveforms), axis=1, keepdims=True) / count


def added_at(waveforms: KerasTensor, noise: KerasTensor, lengths: KerasTensor, snr: KerasTensor) -> KerasTensor:
    """Adds noise at a signal-to-noise ratio, taken over the real samples.

    Args:
        waveforms: `(batch, samples)`, zero past `lengths`.
        noise: `(batch, samples)`.
        lengths: int `(batch,)`.
        snr: `(batch, 1)` in dB.

    Returns:
        `(batch, samples)`; a silent item stays silent.

    Example:
        >>> noisy = added_at(ops.array([[2.0, 2.0]]), ops.array([[1.0, -1.0]]), ops.array([2]), ops.array([[0.0]]))
        >>> ops.convert_to_numpy(noisy)
        array([[4., 0.]], dtype=float32)
    """
    noise = zero_padding(noise, lengths)
    ratio = power(waveforms, lengths) / ops.maximum(power(noise, lengths), 1e-20)
    return waveforms + noise * ops.sqrt(ratio) * ops.power(10.0, -snr / 20.0)


def fast_fft_length(num_samples: int | KerasTensor) -> int | KerasTensor:
    """Returns a length from `num_samples` on for which the Fourier transform is fast; at least 16.

    Args:
        num_samples: static, or a scalar tensor in a graph that does not know it.

    Example:
        >>> fast_fft_length(31_999)
        32000
    """
    if isinstance(num_samples, int):
        return next_fast_len(max(num_samples, 16), real=True)  # TensorFlow aborts at a length of one
    samples = ops.maximum(ops.cast(num_samples, "float32"), 16.0)
    bits = ops.ceil(ops.log2(samples * 1.0001))  # more than float32's error, so that it never rounds down
    return ops.cast(ops.power(2.0, bits), "int32")
