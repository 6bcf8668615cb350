"""An encoder of images: drawings, characters, photographs."""

import os
from collections.abc import Mapping, Sequence

import keras

from comparators.custom_layers.ge2e import GE2E
from comparators.custom_layers.objective import Objective
from comparators.generators.image_reader import ImageReader
from comparators.models.encoder import Encoder
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.image_inputs import ImageInputs
from comparators.models.image_parts import application_encoder, small_encoder


@keras.saving.register_keras_serializable("comparators")
class ImageEncoder(ImageInputs, Encoder):
    """Encodes images so that those of one label (digit, character, kind of thing) lie close together.

    Train it on a manifest with `ImageGroups`, or on arrays with `ArrayGroups`; embed and verify files and arrays of any
    size, grey or coloured. Other losses than the default objective: `model.with_objective(None)`, then
    `compile(loss=...)`.

    Args:
        encoder: front end and trunk.
        objective: layer from embeddings and labels to a loss; None to give a loss to `compile`.
        similarity: `"cosine"` or `"euclidean"`.
        reader: from files and arrays to pictures of the encoder's size; by default they are padded.
        name: name of the model.

    Call arguments:
        inputs: pixels `(batch, height, width, channels)`, uint8 or floats in 0..255; or a tuple of such batches.
        training: whether augmentation and dropout are active.

    Returns:
        L2-normalised embeddings `(batch, embedding_dim)`, float32; of a tuple, `(batch, views, embedding_dim)`.

    Raises:
        TypeError: if `encoder` is no `PixelEncoder`.
        ValueError: if the reader gives pictures of another shape than the encoder takes.

    Example:
        >>> import numpy as np
        >>> model = ImageEncoder.default(size=(28, 28), embedding_dim=16, channels=(8, 16))
        >>> model.embed([np.zeros((28, 28), "uint8"), np.zeros((40, 30, 3), "uint8")]).shape
        (2, 16)
    """

    def __init__(
        self,
        encoder: PixelEncoder,
        objective: Objective | None = None,
        similarity: str = "cosine",
        reader: ImageReader | None = None,
        name: str | None = None,
    ):
        super().__init__(encoder, objective=objective, similarity=similarity, name=name)
        self.take_images(reader)

    @classmethod
    def default(
        cls,
        size: Sequence[int] = (28, 28),
        mode: str = "grey",
        embedding_dim: int = 64,
        channels: Sequence[int] = (32, 64, 128),
        augmentation: Sequence[keras.layers.Layer] = (),
        name: str | None = None,
    ) -> "ImageEncoder":
        """Builds the default parts: a small residual network, trained from scratch with GE2E.

        Args:
            size: `(height, width)` of the pictures that the network sees. Up to 64 x 64 the trunk keeps the places of
                a picture apart; in larger ones it takes the mean over all places.
            mode: `"grey"` or `"rgb"`.
            embedding_dim: values in an embedding.
            channels: filters of each stage of the network.
            augmentation: layers that change images in training, see `ImageAugmentation`.
            name: name of the model.
        """
        encoder, reader = small_encoder(size, mode, embedding_dim, channels, augmentation)
        return cls(encoder, GE2E(), reader=reader, name=name)

    @classmethod
    def from_application(
        cls,
        architecture: str,
        size: Sequence[int] = (224, 224),
        embedding_dim: int | None = None,
        weights: str | os.PathLike | None = "imagenet",
        trainable: bool = False,
        augmentation: Sequence[keras.layers.Layer] = (),
        options: Mapping[str, object] | None = None,
        name: str | None = None,
    ) -> "ImageEncoder":
        """Builds on a backbone of `keras.applications`, with its own preprocessing; for photographs.

        Frozen, with ImageNet's weights and without a projection, it is of use at once, untrained.

        Args:
            architecture: such as `"ResNet50"` or `"EfficientNetV2B0"`.
            size: `(height, width)` of the pictures that the network sees; files are cropped to these proportions.
            embedding_dim: values in an embedding, by a linear projection; None keeps the backbone's own features.
            weights: of the backbone: `"imagenet"` (downloaded by Keras), a path of weights without the top, or None
                for random ones.
            trainable: whether the backbone is trained too, see `ApplicationTrunk`.
            augmentation: layers that change images in training, see `ImageAugmentation`.
            options: other arguments of the architecture's function, such as `{"alpha": 0.35}`.
            name: name of the model.

        Raises:
            ValueError: if random weights were to stay as they are, or as `ApplicationTrunk` says.
        """
        encoder, reader = application_encoder(
            architecture, size, embedding_dim, weights, trainable, augmentation, options
        )
        return cls(encoder, GE2E(), reader=reader, name=name)
