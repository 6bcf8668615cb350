"""Sounds and pictures of what makes them."""

from collections.abc import Sequence

import keras

from comparators.custom_layers.match_triplet import MatchTriplet
from comparators.custom_layers.pixel_normalization import PixelNormalization
from comparators.models.convert import TorchWeight, linear_weights, prefixed
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoder import Encoder
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.encoders.projected_trunk import ProjectedTrunk
from comparators.models.encoders.residual_trunk import ResidualTrunk
from comparators.models.image_encoder import ImageEncoder
from comparators.models.image_parts import photograph_reader
from comparators.models.word_audio import clip_encoder, projection


@keras.saving.register_keras_serializable("comparators")
class ImageAudio(DualEncoder):
    """Learns which sound goes with which picture, class by class.

    Roles: `"audio"`, a `ClipEncoder` of recordings, and `"image"`, an `ImageEncoder` whose trunk is frozen: train on
    its features, which are computed once, with `on_features()`.

    The arguments are those of `DualEncoder`; `default` builds the parts.

    Example:
        >>> import numpy as np
        >>> trunk = ResidualTrunk((1, 1), width=4, output="average", trainable=False)
        >>> model = ImageAudio.default(trunk, size=(32, 32), embedding_dim=8, channels=(4, 4, 4, 8))
        >>> model.similarity_matrix([np.ones(16_000, "float32")], [np.zeros((40, 50, 3), "uint8")]).shape
        (1, 1)

    Reference:
        Choi et al. 2019, Zero-shot learning for audio-based music classification and tagging.
    """

    @classmethod
    def default(
        cls,
        trunk: keras.Model | None = None,
        form: str = "linear",
        size: Sequence[int] = (224, 224),
        normalization: str = "torch",
        embedding_dim: int = 128,
        margin: float = 0.5,
        clip_seconds: float = 3.0,
        channels: tuple[int, ...] = (64, 128, 128, 128),
        seed: int | None = None,
        name: str | None = None,
    ) -> "ImageAudio":
        """Builds the network of the zero-shot tutorial.

        Args:
            trunk: model from normalised images to features `(batch, dim)`; None is ResNet-101 with random weights, to
                be filled by `load_state`.
            form: of the projections, see `WordAudio.default`.
            size: `(height, width)` of the pictures.
            normalization: of the pixels, as the trunk wants it, see `PixelNormalization`.
            embedding_dim: values in an embedding.
            margin: of the triplets.
            clip_seconds: of a clip.
            channels: of the convolutions over sound.
            seed: of the drawing of impostors.
            name: name of the model.
        """
        if trunk is None:
            trunk = ResidualTrunk.resnet(101, output="average", trainable=False)
        picture = PixelEncoder(
            PixelNormalization(normalization), ProjectedTrunk(trunk, projection(form, embedding_dim)), (*size, 3)
        )
        encoders = {
            "audio": clip_encoder(form, embedding_dim, clip_seconds, channels),
            "image": ImageEncoder(picture, reader=photograph_reader(size)),
        }
        return cls(encoders, MatchTriplet(margin=margin, seed=seed), name=name)

    def on_features(self) -> DualEncoder:
        """Returns this network for features of its frozen image trunk, `(batch, dim)`, in place of images.

        Both share all layers but the trunk: what one learns, the other knows. Features of several crops of an image are
        computed once by `crop_features(model.image_trunk, ...)`, and drawn by `FeatureItems`.
        """
        trunk = self.encoder_of("image").encoder.trunk
        image = keras.Sequential([keras.Input((trunk.trunk.embedding_dim,)), trunk.projection])
        return DualEncoder({"audio": self.encoder_of("audio"), "image": Encoder(image)}, self.objective)

    @property
    def image_trunk(self) -> PixelEncoder:
        """From images to the features that are projected."""
        encoder = self.encoder_of("image").encoder
        return PixelEncoder(encoder.front_end, encoder.trunk.trunk, encoder.image_shape)

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a state dict of the tutorial's network go, those of its image trunk too."""
        audio, image = (self.encoder_of(role).encoder.trunk for role in self.role_names)
        return [
            *prefixed("audio_model.", audio.trunk.torch_weights()),
            *prefixed("visual_model.", image.trunk.torch_weights()),
            *linear_weights("audio_projection", audio.projection.dense),
            *linear_weights("visual_projection", image.projection.dense),
        ]
