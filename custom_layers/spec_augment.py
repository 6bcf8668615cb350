"""Masks over time and frequency, in training only."""

import math

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.sequence_mask import sequence_mask
from comparators.custom_layers.spectrogram_augmentation import SpectrogramAugmentation


@keras.saving.register_keras_serializable("comparators")
class SpecAugment(SpectrogramAugmentation):
    """Hides random stretches of time and bands of frequency of each item while training.

    The widths are drawn from 0 to their maximum and the places over the real frames, for each item and mask anew.

    Args:
        num_time_masks: masks over time for each item.
        max_time_frames: largest width of one of them, in frames.
        max_time_proportion: largest width as a share of the item's real frames; the smaller of both counts.
        num_frequency_masks: masks over frequency for each item.
        max_frequency_bins: largest width of one of them, in features.
        fill: what stands in a mask: `"mean"` (of the feature over the item's real frames), `"zero"`, or a level. Where
            a recipe masks with zeros before the normalisation and the layer stands behind it:
            `NormalizedFbank.zero_level`.
        seed: of the draws.

    Call arguments:
        inputs: `(batch, frames, features)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.
        training: whether to mask; otherwise the inputs come back as they are.

    Returns:
        `(batch, frames, features)`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> layer = SpecAugment(num_time_masks=1, max_time_frames=40, num_frequency_masks=0, fill="zero", seed=1)
        >>> masked = ops.convert_to_numpy(layer(ops.ones((1, 100, 4)), training=True))
        >>> bool(60 <= masked[0, :, 0].sum() <= 100)
        True

    Reference:
        Park et al. 2019, SpecAugment: a simple data augmentation method for automatic speech recognition.
    """

    def __init__(
        self,
        num_time_masks: int = 2,
        max_time_frames: int = 20,
        max_time_proportion: float = 0.2,
        num_frequency_masks: int = 2,
        max_frequency_bins: int = 10,
        fill: str | float = "mean",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        for name, value in {
            "num_time_masks": num_time_masks,
            "max_time_frames": max_time_frames,
            "num_frequency_masks": num_frequency_masks,
            "max_frequency_bins": max_frequency_bins,
        }.items():
            if value < 0:
                raise ValueError(f"`{name}` must not be negative. Received: {name}={value}.")
        if not 0 <= max_time_proportion <= 1:
            raise ValueError(
                f"`max_time_proportion` must lie between 0 and 1. Received: max_time_proportion={max_time_proportion}."
            )
        if fill not in ("mean", "zero") and (isinstance(fill, str) or not math.isfinite(fill)):
            raise ValueError(f"`fill` must be 'mean', 'zero' or a finite number. Received: fill={fill!r}.")
        self.num_time_masks = num_time_masks
        self.max_time_frames = max_time_frames
        self.max_time_proportion = max_time_proportion
        self.num_frequency_masks = num_frequency_masks
        self.max_frequency_bins = max_frequency_bins
        self.fill = fill

    @classmethod
    def one_mask_each(
        cls, max_frequency_bins: int, max_time_frames: int, fill: str | float = "zero", seed: int | None = None
    ) -> "SpecAugment":
        """Returns the layer as AST and CAV-MAE are trained with it: one mask over bands and one over frames.

        Each is up to so wide as it is said here, however short the clip is.

        Args:
            max_frequency_bins: 48 for AudioSet, 24 for ESC-50.
            max_time_frames: 192 for AudioSet, 96 for ESC-50.
            fill: see the class.
            seed: of the draws.
        """
        return cls(1, max_time_frames, 1.0, 1, max_frequency_bins, fill, seed)

    def augment(self, inputs: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        batch, num_frames, num_features = ops.shape(inputs)
        frames = ops.cast(lengths, "float32")
        widest = ops.minimum(float(self.max_time_frames), ops.floor(frames * self.max_time_proportion))
        features = ops.broadcast_to(ops.cast(num_features, "float32"), (batch,))
        bands = ops.minimum(float(self.max_frequency_bins), features)
        hidden = ops.logical_or(
            self._hidden(self.num_time_masks, num_frames, frames, widest)[:, :, None],
            self._hidden(self.num_frequency_masks, num_features, features, bands)[:, None, :],
        )
        return ops.where(hidden, self._filling(inputs, lengths), inputs)

    def _hidden(self, num_masks: int, size: int | KerasTensor, extent: KerasTensor, widest: KerasTensor) -> KerasTensor:
        """Returns bool `(batch, size)`, True within one of the masks drawn within `extent` `(batch,)`."""
        shape = (ops.shape(extent)[0], num_masks)
        draws = keras.random.uniform((2, *shape), dtype="float32", seed=self.seed_generator)
        width = ops.floor(draws[0] * (widest[:, None] + 1.0))
        start = ops.floor(draws[1] * (extent[:, None] - width + 1.0))
        position = ops.arange(size, dtype="float32")[None, None, :]
        inside = (position >= start[:, :, None]) & (position < (start + width)[:, :, None])
        return ops.any(inside, axis=1)

    def _filling(self, inputs: KerasTensor, lengths: KerasTensor) -> KerasTensor:
        if self.fill != "mean":
            return ops.cast(0.0 if self.fill == "zero" else self.fill, inputs.dtype)
        frames = ops.cast(inputs, "float32")
        mask = sequence_mask(lengths, ops.shape(inputs)[1])[:, :, None]
        count = ops.maximum(ops.cast(lengths, "float32"), 1.0)[:, None, None]
        return ops.cast(ops.sum(ops.where(mask, frames, 0.0), axis=1, keepdims=True) / count, inputs.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {
            "num_time_masks": self.num_time_masks,
            "max_time_frames": self.max_time_frames,
            "max_time_proportion": self.max_time_proportion,
            "num_frequency_masks": self.num_frequency_masks,
            "max_frequency_bins": self.max_frequency_bins,
            "fill": self.fill,
        }
