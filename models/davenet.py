"""Spoken captions and pictures: the networks of NIPS 2016, ACL 2017, DAVEnet and ResDAVEnet."""

from collections.abc import Sequence

import keras
import numpy as np

from comparators.custom_layers.davenet_mel import DaveNetMel
from comparators.custom_layers.frequency_warp import FrequencyWarp
from comparators.custom_layers.log_mel import LogMel
from comparators.custom_layers.margin_ranking import MarginRanking
from comparators.custom_layers.match_similarity import MatchSimilarity
from comparators.custom_layers.matchmap_similarity import MatchmapSimilarity
from comparators.custom_layers.objective import Objective
from comparators.custom_layers.pixel_normalization import PixelNormalization
from comparators.custom_layers.semi_hard_margin_ranking import SemiHardMarginRanking
from comparators.custom_layers.spec_augment import SpecAugment
from comparators.custom_layers.symmetric_info_nce import SymmetricInfoNCE
from comparators.custom_layers.vector_similarity import VectorSimilarity
from comparators.custom_layers.weighted_objectives import WeightedObjectives
from comparators.generators.image_reader import ImageReader
from comparators.models.clip_encoder import ClipEncoder
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoders.acl_audio_trunk import AclAudioTrunk
from comparators.models.encoders.davenet_audio_trunk import DaveNetAudioTrunk
from comparators.models.encoders.image_map import ImageMap
from comparators.models.encoders.image_trunk import ImageTrunk
from comparators.models.encoders.nips_audio_trunk import NipsAudioTrunk
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.encoders.resdavenet_audio_trunk import ResDaveNetAudioTrunk
from comparators.models.encoders.sound_map_trunk import SoundMapTrunk
from comparators.models.encoders.vgg_penultimate import VGGPenultimate
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.image_encoder import ImageEncoder
from comparators.models.image_parts import photograph_reader

_FRAMES_PER_SECOND = 100
_IMAGE_SIZE = (224, 224)


@keras.saving.register_keras_serializable("comparators")
class DaveNet(DualEncoder):
    """Learns which spoken caption describes which picture, and with matchmaps where in it and when.

    Roles: `"image"`, an `ImageEncoder`, and `"audio"`, a `ClipEncoder`; items of either may be maps. Train it on
    `Matches({"image": ImageItems(...), "audio": AudioItems(...)}, batch_size=100)`; the papers' batches and schedules
    are in `training_preset`. The arguments are those of `DualEncoder`; the named constructors build the parts of the
    papers, with random weights. Checkpoints of the authors go into the encoders' trunks by `load_state`:

        model = DaveNet.davenet()
        load_state(model.encoder_of("audio").encoder.trunk, "audio_model.pth")
        load_state(model.encoder_of("image").encoder.trunk, "image_model.pth")

    Example:
        >>> import numpy as np
        >>> from comparators.custom_layers import PixelNormalization
        >>> from comparators.models.encoders import DaveNetAudioTrunk, ImageMap, PixelEncoder, VGGTrunk
        >>> places = ImageMap(VGGTrunk(channels=(2, 2, 2, 2, 4)), embedding_dim=8, kernel_size=3)
        >>> image = PixelEncoder(PixelNormalization("torch"), places, (64, 64, 3))
        >>> moments = DaveNetAudioTrunk(embedding_dim=8, channels=(4, 4, 4, 4))
        >>> model = DaveNet.of_parts(image, moments, MarginRanking(MatchmapSimilarity("misa")), target_length=128)
        >>> picture, caption = np.zeros((64, 64, 3), "uint8"), np.sin(np.arange(20_000, dtype="float32"))
        >>> model.similarity_matrix([picture], [caption]).shape, model.matchmap(picture, caption).shape
        ((1, 1), (4, 4, 7))

    Reference:
        Harwath et al. 2016, Unsupervised learning of spoken language with visual context; Harwath and Glass 2017,
        Learning word-like units from joint audio-visual analysis; Harwath et al. 2018, Jointly discovering visual
        objects and spoken words from raw sensory input; Harwath et al. 2020, Learning hierarchical discrete linguistic
        units from visually-grounded speech.
    """

    @classmethod
    def of_parts(
        cls,
        image: PixelEncoder,
        audio_trunk: keras.Model,
        objective: Objective | None = None,
        similarity: MatchSimilarity | None = None,
        target_length: int = 2048,
        pad_value: float = -80.0,
        reader: ImageReader | None = None,
        name: str | None = None,
    ) -> "DaveNet":
        """Joins an encoder of images and a trunk of captions.

        Args:
            image: from images to embeddings or maps.
            audio_trunk: from spectrograms `(batch, frames, 40)` to embeddings or maps.
            objective: see `DualEncoder`.
            similarity: see `DualEncoder`.
            target_length: frames of a caption, a hundred a second; what is longer is cut.
            pad_value: of the frames after a caption, in decibels; the published code has 0, the loudest level.
            reader: from files to pictures; None takes the middle of each, see `photograph_reader`.
            name: name of the model.
        """
        front_end = DaveNetMel(target_length=target_length, pad_value=pad_value)
        # A caption of this many samples has just so many frames.
        seconds = (target_length - 1) / _FRAMES_PER_SECOND
        audio = ClipEncoder(WaveformEncoder(front_end, audio_trunk), seconds, average=False, padding_counts=False)
        pictures = ImageEncoder(image, reader=reader or photograph_reader(image.image_shape[:2]))
        encoders = {"image": pictures, "audio": audio}
        return cls(encoders, objective, similarity, name=name)

    @classmethod
    def small(
        cls,
        size: Sequence[int] = (28, 28),
        mode: str = "grey",
        clip_seconds: float = 2.0,
        embedding_dim: int = 64,
        reduction: str = "misa",
        image_channels: Sequence[int] = (16, 32, 64),
        audio_channels: int = 96,
        audio_blocks: int = 2,
        front_end: LogMel | None = None,
        temperature: float = 0.07,
        image_augmentation: Sequence[keras.layers.Layer] = (),
        audio_augmentation: Sequence[keras.layers.Layer] = (),
        seed: int | None = None,
        name: str | None = None,
    ) -> "DaveNet":
        """Builds a small network for small pictures and short sounds, to be trained from scratch in minutes.

        Its matchmaps are of cosines, its objective is `SymmetricInfoNCE`. In training, spectrograms are warped along
        frequency and masked.

        Args:
            size: `(height, width)` of the pictures.
            mode: `"grey"` or `"rgb"`.
            clip_seconds: of the longest sound; what is longer is cut.
            embedding_dim: values in an embedding of a place or a moment.
            reduction: of the matchmaps.
            image_channels: filters of each stage of the image trunk; all but the first halve height and width.
            audio_channels: width of the sound trunk.
            audio_blocks: its residual convolutions.
            front_end: of the sounds; None is `LogMel(num_mels=64)`.
            temperature: at the start.
            image_augmentation: layers on the pictures in training, such as `RandomAffine`.
            audio_augmentation: layers on the waveforms in training, such as `SpeedChange`.
            seed: of the changes to spectrograms.
            name: name of the model.
        """
        pixels = ImageTrunk(image_channels, embedding_dim=embedding_dim, pooling="none")
        shape = (*size, 1 if mode == "grey" else 3)
        image = PixelEncoder(PixelNormalization("tf"), pixels, shape, image_augmentation)
        front_end = LogMel(num_mels=64) if front_end is None else front_end
        bands = max(1, front_end.num_mels // 8)
        masks = SpecAugment(2, 6, 0.2, num_frequency_masks=2, max_frequency_bins=bands, fill="zero", seed=seed)
        changes = [FrequencyWarp(seed=seed), masks]
        moments = SoundMapTrunk(embedding_dim, audio_channels, front_end.num_mels, audio_blocks, augmentation=changes)
        sound = WaveformEncoder(front_end, moments, audio_augmentation)
        audio = ClipEncoder(sound, clip_seconds, average=False, padding_counts=False)
        objective = SymmetricInfoNCE(MatchmapSimilarity(reduction, form="cosine"), temperature)
        return cls({"image": ImageEncoder(image), "audio": audio}, objective, name=name)

    @classmethod
    def nips2016(cls, margin: float = 1.0, target_length: int = 2048, seed: int | None = None) -> "DaveNet":
        """Builds the network of NIPS 2016: VGG16's penultimate layer and three convolutions over sound; dot products.

        Args:
            margin: of the ranking.
            target_length: frames of a caption, 1024 or 2048.
            seed: of the drawing of impostors.
        """
        image = _pixels(VGGPenultimate(), "caffe")
        objective = MarginRanking(VectorSimilarity("dot"), margin, seed=seed)
        return cls.of_parts(image, NipsAudioTrunk(), objective, target_length=target_length)

    @classmethod
    def acl2017(cls, margin: float = 1.0, target_length: int = 1024, seed: int | None = None) -> "DaveNet":
        """Builds a reconstruction of the network of ACL 2017: as `nips2016`, with five convolutions over sound.

        Args:
            margin: of the ranking.
            target_length: frames of a caption.
            seed: of the drawing of impostors.
        """
        image = _pixels(VGGPenultimate(), "caffe")
        objective = MarginRanking(VectorSimilarity("dot"), margin, seed=seed)
        return cls.of_parts(image, AclAudioTrunk(), objective, target_length=target_length)

    @classmethod
    def davenet(
        cls,
        reduction: str = "misa",
        margin: float = 1.0,
        target_length: int = 2048,
        pad_value: float = -80.0,
        seed: int | None = None,
    ) -> "DaveNet":
        """Builds DAVEnet: maps of VGG16 and of five convolutions over sound, matchmaps.

        Args:
            reduction: of the matchmaps, `"misa"`, `"sisa"` or `"sima"`.
            margin: of the ranking.
            target_length: frames of a caption.
            pad_value: 0 for the authors' checkpoints, which were trained with it.
            seed: of the drawing of impostors.
        """
        objective = MarginRanking(MatchmapSimilarity(reduction), margin, seed=seed)
        image = _pixels(ImageMap.vgg16(), "torch")
        return cls.of_parts(image, DaveNetAudioTrunk(), objective, target_length=target_length, pad_value=pad_value)

    @classmethod
    def resdavenet(
        cls,
        channels: Sequence[int] = (128, 128, 256, 512, 1024),
        margin: float = 1.0,
        target_length: int = 2048,
        pad_value: float = -80.0,
        seed: int | None = None,
    ) -> "DaveNet":
        """Builds ResDAVEnet: ResNet-50, residual convolutions over sound; the dot product of the maps' means.

        Its objective is the sum of a ranking with random impostors and one with semi-hard impostors.

        Args:
            channels: of the convolutions over sound.
            margin: of both rankings.
            target_length: frames of a caption.
            pad_value: 0 for the authors' checkpoints, which were trained with it.
            seed: of the drawing of impostors.
        """
        similarity = MatchmapSimilarity("sisa")
        parts = [
            MarginRanking(similarity, margin, seed=seed, name="sampled"),
            SemiHardMarginRanking(similarity, margin, seed=seed, name="semi_hard"),
        ]
        image = _pixels(ImageMap.resnet(50), "torch")
        trunk = ResDaveNetAudioTrunk(channels)
        objective = WeightedObjectives(parts, [1.0, 1.0])
        return cls.of_parts(image, trunk, objective, target_length=target_length, pad_value=pad_value)

    def matchmap(self, image, caption) -> np.ndarray:
        """Returns the score of every place of an image with every moment of a caption.

        Args:
            image: a path or array.
            caption: a path or waveform.

        Returns:
            `(height, width, time)`, float32; only the caption's own moments.

        Raises:
            TypeError: if the network compares no maps.
        """
        if not isinstance(self.match_similarity, MatchmapSimilarity):
            raise TypeError("Matchmaps need maps. Received: a network of plain embeddings. Take `DaveNet.davenet()`.")
        places, moments = self.encode([image], "image")[0], self.encode([caption], "audio")
        moments = moments["map"][0, : max(1, moments["lengths"][0])]
        if self.match_similarity.form == "cosine":
            places, moments = _normalized(places), _normalized(moments)
        return places @ moments.T


def _pixels(trunk: keras.Model, normalization: str) -> PixelEncoder:
    return PixelEncoder(PixelNormalization(normalization), trunk, (*_IMAGE_SIZE, 3))


def _normalized(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
