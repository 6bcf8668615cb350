"""The parts that the named constructors of `ImageEncoder` and `ImageSiamese` are made of."""

import os
from collections.abc import Mapping, Sequence

import keras

from comparators.custom_layers.pixel_normalization import PixelNormalization
from comparators.generators.image_reader import ImageReader
from comparators.models.encoders.application_trunk import ApplicationTrunk, normalization_of
from comparators.models.encoders.image_trunk import ImageTrunk
from comparators.models.encoders.pixel_encoder import PixelEncoder

# Larger pictures would make a projection of millions of weights.
_LARGEST_FLATTENED = 64


def small_encoder(
    size: Sequence[int],
    mode: str,
    embedding_dim: int,
    channels: Sequence[int],
    augmentation: Sequence[keras.layers.Layer] = (),
) -> tuple[PixelEncoder, ImageReader]:
    """Makes a small residual network and the reader for it. See `ImageEncoder.default`."""
    reader = ImageReader(size, mode)
    pooling = "flatten" if max(reader.size) <= _LARGEST_FLATTENED else "average"
    trunk = ImageTrunk(channels=channels, embedding_dim=embedding_dim, pooling=pooling)
    return _encoder(PixelNormalization("tf"), trunk, reader, augmentation), reader


def application_encoder(
    architecture: str,
    size: Sequence[int],
    embedding_dim: int | None,
    weights: str | os.PathLike | None,
    trainable: bool,
    augmentation: Sequence[keras.layers.Layer] = (),
    options: Mapping[str, object] | None = None,
) -> tuple[PixelEncoder, ImageReader]:
    """Makes an encoder on a backbone of `keras.applications`, and the reader for it.

    See `ImageEncoder.from_application`.
    """
    if weights is None and not trainable:
        raise ValueError(
            "A backbone with random weights must be trained. Received: weights=None, trainable=False. "
            "Give weights='imagenet' or a path, or trainable=True."
        )
    front_end = PixelNormalization(normalization_of(architecture))
    reader = ImageReader(size, mode="rgb", fit="crop")
    trunk = ApplicationTrunk(architecture, (*reader.size, 3), embedding_dim, weights, trainable, options)
    return _encoder(front_end, trunk, reader, augmentation), reader


def photograph_reader(size: Sequence[int]) -> ImageReader:
    """Makes the reader of networks for photographs: the middle of a picture that is an eighth larger, 224 of 256."""
    return ImageReader(size, fit="crop", resize_shorter=round(max(size) * 256 / 224))


def _encoder(front_end, trunk, reader: ImageReader, augmentation) -> PixelEncoder:
    return PixelEncoder(front_end, trunk, (*reader.size, reader.channels), augmentation)
