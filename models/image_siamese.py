"""A siamese network of images: the probability that two of them are of one label."""

import os
from collections.abc import Mapping, Sequence

import keras

from comparators.custom_layers.in_batch_pairs import InBatchPairs
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.similarity_head import SimilarityHead
from comparators.generators.image_reader import ImageReader
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.image_inputs import ImageInputs
from comparators.models.image_parts import application_encoder, small_encoder
from comparators.models.siamese import Siamese


@keras.saving.register_keras_serializable("comparators")
class ImageSiamese(ImageInputs, Siamese):
    """Tells the probability that two images are of one label (digit, character, kind of thing).

    The named constructors make networks that train on groups, `ImageGroups` or `ArrayGroups`, where every pair of a
    batch is scored. To train the same parts on pairs, `Pairs`, take the objective out and give the loss to `compile`:

        model = ImageSiamese.default().with_objective(None)
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])

    Args:
        encoder: front end and trunk.
        head: scores two embeddings; None takes the objective's, or else `SimilarityHead("cosine")`.
        objective: for training on groups, such as `InBatchPairs(head)`; None to train on pairs.
        reader: from files and arrays to pictures of the encoder's size; by default they are padded.
        name: name of the model.

    Call arguments:
        inputs: a pair `(a, b)` of batches of pixels `(batch, height, width, channels)`, uint8 or floats in 0..255; or
            one such batch.
        training: whether augmentation and dropout are active.

    Returns:
        Of a pair, the probability of "same", `(batch,)`; of one batch, embeddings `(batch, embedding_dim)`; float32.

    Raises:
        TypeError: if `encoder` is no `PixelEncoder`.
        ValueError: if the reader gives pictures of another shape than the encoder takes, or the objective has another
            head than the network.

    Example:
        >>> import numpy as np
        >>> model = ImageSiamese.default(size=(28, 28), embedding_dim=16, channels=(8, 16))
        >>> images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype="uint8")
        >>> model.similarity_matrix(images[:2], images).shape
        (2, 4)

    Reference:
        Koch et al. 2015, Siamese neural networks for one-shot image recognition.
    """

    def __init__(
        self,
        encoder: PixelEncoder,
        head: SimilarityHead | None = None,
        objective: Objective | None = None,
        reader: ImageReader | None = None,
        name: str | None = None,
    ):
        super().__init__(encoder, head=head, objective=objective, name=name)
        self.take_images(reader)

    @classmethod
    def default(
        cls,
        form: str = "cosine",
        size: Sequence[int] = (28, 28),
        mode: str = "grey",
        embedding_dim: int = 64,
        channels: Sequence[int] = (32, 64, 128),
        augmentation: Sequence[keras.layers.Layer] = (),
        name: str | None = None,
    ) -> "ImageSiamese":
        """Builds the default parts, as in `ImageEncoder.default`: a small residual network, trained from scratch.

        Args:
            form: of the similarity head, see `SimilarityHead`.
            size: `(height, width)` of the pictures that the network sees.
            mode: `"grey"` or `"rgb"`.
            embedding_dim: values in an embedding.
            channels: filters of each stage of the network.
            augmentation: layers that change images in training, see `ImageAugmentation`.
            name: name of the model.
        """
        encoder, reader = small_encoder(size, mode, embedding_dim, channels, augmentation)
        return cls(encoder, objective=InBatchPairs(SimilarityHead(form)), reader=reader, name=name)

    @classmethod
    def from_application(
        cls,
        architecture: str,
        form: str = "cosine",
        size: Sequence[int] = (224, 224),
        embedding_dim: int | None = None,
        weights: str | os.PathLike | None = "imagenet",
        trainable: bool = False,
        augmentation: Sequence[keras.layers.Layer] = (),
        options: Mapping[str, object] | None = None,
        name: str | None = None,
    ) -> "ImageSiamese":
        """Builds on a backbone of `keras.applications`, with its own preprocessing; for photographs.

        Args:
            architecture: such as `"ResNet50"` or `"EfficientNetV2B0"`.
            form: of the similarity head, see `SimilarityHead`.
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
        return cls(encoder, objective=InBatchPairs(SimilarityHead(form)), reader=reader, name=name)
