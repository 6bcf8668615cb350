"""Batch normalisation of spectrograms whose bands share one mean and variance."""

import keras
from keras import KerasTensor, ops

from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization


@keras.saving.register_keras_serializable("comparators")
class SpectrogramBatchNormalization(MaskedBatchNormalization):
    """Normalises the channels of spectrograms over the real frames of a batch and over all bands.

    It is PyTorch's `BatchNorm2d`, whose defaults it has. A plain spectrogram has one channel: all its values are then
    shifted and scaled alike.

    Args:
        momentum: of the moving statistics: `moving = momentum * moving + (1 - momentum) * batch`.
        epsilon: added to the variance.
        center: whether a learnt offset is added.
        scale: whether a learnt factor is applied.

    Call arguments:
        inputs: `(batch, frames, bands, channels)`.
        lengths: int `(batch,)` in frames; None when nothing is padding.
        training: whether the statistics of the batch are taken and followed.

    Returns:
        As `inputs`. Padded frames are not zero afterwards.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> planes = ops.array([[[[1.0], [3.0]], [[50.0], [90.0]]]])
        >>> layer = SpectrogramBatchNormalization()
        >>> ops.convert_to_numpy(layer(planes, lengths=ops.array([1]), training=True))[0, 0, :, 0].round(3)
        array([-1.,  1.], dtype=float32)

    Reference:
        Ioffe and Szegedy 2015, Batch normalization.
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, center: bool = True, scale: bool = True, **kwargs):
        super().__init__(momentum, epsilon, center, scale, **kwargs)

    def build(self, inputs_shape: tuple) -> None:
        super().build((None, None, inputs_shape[-1]))

    def call(
        self, inputs: KerasTensor, lengths: KerasTensor | None = None, training: bool | None = None
    ) -> KerasTensor:
        batch, frames, bands, channels = ops.shape(inputs)
        places = ops.reshape(inputs, (batch, frames * bands, channels))
        places = super().call(places, None if lengths is None else lengths * bands, training)
        return ops.reshape(places, (batch, frames, bands, channels))
