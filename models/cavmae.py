"""CAV-MAE: sounds and images that belong together, learnt by reconstruction and contrast."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from numbers import Real

import keras
import numpy as np
from keras import KerasTensor, ops

from comparators.custom_layers.cavmae_objective import CAVMAEObjective
from comparators.custom_layers.normalized_fbank import NormalizedFbank
from comparators.custom_layers.patch_embedding import cut_patches, join_patches
from comparators.custom_layers.pixel_normalization import PixelNormalization
from comparators.custom_layers.token_masking import TokenMask, TokenMasking
from comparators.generators.audio_reader import AudioReader
from comparators.generators.clip_reader import ClipReader
from comparators.generators.image_reader import ImageReader
from comparators.models.clip_encoder import ClipEncoder
from comparators.models.convert import TorchWeight
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone
from comparators.models.encoders.cavmae_decoder import CAVMAEDecoder
from comparators.models.encoders.cavmae_trunk import CAVMAETrunk
from comparators.models.encoders.pixel_encoder import PixelEncoder
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.image_encoder import ImageEncoder
from comparators.models.inpainting import filled_in, read_pairs

FIXED_POSITIONS = ("pos_embed_a", "pos_embed_v", "decoder_pos_embed_a", "decoder_pos_embed_v")
"""Entries of an official state dict that are computed here: sines and cosines."""

_WINDOW_SECONDS, _HOP_SECONDS = 0.025, 0.010


@keras.saving.register_keras_serializable("comparators")
class CAVMAE(DualEncoder):
    """Learns sounds and images from videos (or other pairs) without labels, by reconstruction and contrast.

    Roles: `"audio"`, a `ClipEncoder`, and `"image"`, an `ImageEncoder`; they share the backbone. In training most
    patches of both are hidden; the joint tokens of the others reconstruct them, and the mean tokens of each modality's
    own stream are contrasted. In use nothing is hidden. Train it on `Matches({"audio": ..., "image": ...})`; labels are
    not looked at. The weights of `CAVMAEObjective` make it CAV-MAE (the default), AV-MAE (no contrast) or CAV (no
    reconstruction). Official checkpoints go in by `load_state(model, path, unused=FIXED_POSITIONS)`.

    Args:
        backbone: branches and shared blocks.
        decoder: of the backbone's grids, see `CAVMAEDecoder.for_backbone`.
        audio_front_end: layer from waveforms to normalised spectrograms of the backbone's shape.
        image_front_end: layer from pixels to normalised images.
        objective: reconstruction and contrast; None for use alone.
        mask_ratio: role -> share of hidden patches in training; or one share for both.
        mask_mode: how patches of sounds are hidden, see `TokenMasking`; those of images always without structure.
        audio_augmentation: layers on the waveforms in training.
        image_augmentation: layers on the pixels in training.
        spectrogram_augmentation: layers on the normalised spectrograms in training, as `NoiseAndRoll`, with which the
            published networks were pre-trained.
        audio_reader: from files to waveforms; None for one that does not trim.
        image_reader: from files to pictures; None pads them to the backbone's shape.
        seed: of the masks.
        name: name of the model.

    Call arguments:
        inputs: `{"audio": waveforms (batch, samples) or {"waveforms", "lengths"}, "image": pixels (batch, height,
            width, channels)}`.
        training: whether augmentation is active.

    Returns:
        role -> `{"embedding": (batch, dim), "patches": (batch, count, values), "prediction": (batch, count, values),
        "hidden": (batch, count)}`: of the visible patches, all patches, their reconstruction, and which were hidden.

    Raises:
        ValueError: the parts do not fit each other, or `mask_ratio` is no share of each role.

    Example:
        >>> model = CAVMAE.tiny()
        >>> sounds, pictures = np.sin(np.arange(20_800.0)).reshape(2, 10_400), np.zeros((2, 28, 28), "uint8")
        >>> model.embed(pictures, role="image").shape, model.similarity_matrix(sounds, pictures).shape
        ((2, 48), (2, 2))

    Reference:
        Gong et al. 2023, Contrastive audio-visual masked autoencoder.
    """

    _only_encoders = False

    def __init__(
        self,
        backbone: CAVMAEBackbone,
        decoder: CAVMAEDecoder,
        audio_front_end: keras.layers.Layer,
        image_front_end: keras.layers.Layer,
        objective: CAVMAEObjective | None = None,
        mask_ratio: Mapping[str, float] | float = 0.75,
        mask_mode: str = "unstructured",
        audio_augmentation: Sequence[keras.layers.Layer] = (),
        image_augmentation: Sequence[keras.layers.Layer] = (),
        spectrogram_augmentation: Sequence[keras.layers.Layer] = (),
        audio_reader: AudioReader | None = None,
        image_reader: ImageReader | None = None,
        seed: int | None = None,
        name: str | None = None,
    ):
        sound = WaveformEncoder(audio_front_end, CAVMAETrunk(backbone, "audio"), audio_augmentation)
        picture = PixelEncoder(
            image_front_end, CAVMAETrunk(backbone, "image"), backbone.image_shape, image_augmentation
        )
        seconds = _WINDOW_SECONDS + _HOP_SECONDS * (backbone.spectrogram_shape[0] - 1)
        encoders = {
            "audio": ClipEncoder(sound, seconds, average=False, padding_counts=False, reader=audio_reader),
            "image": ImageEncoder(picture, reader=image_reader),
        }
        super().__init__(encoders, objective, name=name)
        if {role: tokens.grid for role, tokens in backbone.tokens.items()} != decoder.grids:
            raise ValueError(
                f"`decoder` must be of the backbone's grids. Received: {decoder.grids}. Make it with "
                "`CAVMAEDecoder.for_backbone(backbone)`."
            )
        self.backbone = backbone
        self.decoder = decoder
        self.spectrogram_augmentation = list(spectrogram_augmentation)
        self.mask_mode, self.seed = mask_mode, seed
        self.mask_ratio = _by_role(mask_ratio, self.roles)
        self.masking = {
            "audio": TokenMasking(decoder.grids["audio"], self.mask_ratio["audio"], mask_mode, seed),
            # Of another seed, so that equal grids do not hide the same places.
            "image": TokenMasking(
                decoder.grids["image"], self.mask_ratio["image"], seed=None if seed is None else seed + 1
            ),
        }
        self._train_what_is_used()
        self.build()

    def _train_what_is_used(self) -> None:
        """Leaves out of training what the objective never sees."""
        if self.objective is None:
            return
        streams = ["joint"] if self.objective.reconstruction_weight else []
        streams += self.roles if self.objective.contrastive_weight else []
        self.backbone.train_only(self.roles, streams)
        self.decoder.trainable = bool(self.objective.reconstruction_weight)

    @classmethod
    def of_parts(
        cls,
        backbone: CAVMAEBackbone,
        decoder: CAVMAEDecoder,
        objective: CAVMAEObjective | None = None,
        mean: float = -5.081,
        std: float = 4.4849,
        pad: str = "zero",
        audio_front_end: keras.layers.Layer | None = None,
        **arguments,
    ) -> "CAVMAE":
        """Adds the published front ends to a backbone and a decoder.

        Args:
            backbone: see the class.
            decoder: see the class.
            objective: None takes the published one.
            mean: of the log-mel values of the training data, see `compute_norm_stats`; AudioSet's by default.
            std: their standard deviation.
            pad: of the frames after a short sound, see `NormalizedFbank`.
            audio_front_end: in place of the published one, such as `FixedFrames` around `LogMel`; the numbers above
                are not looked at then.
            arguments: other arguments of the constructor.
        """
        frames, bands = backbone.spectrogram_shape
        sound = audio_front_end or NormalizedFbank(frames, mean, std, num_stds=1.0, pad=pad, num_mels=bands)
        picture = PixelNormalization("torch" if backbone.image_shape[-1] == 3 else "tf")
        return cls(backbone, decoder, sound, picture, objective or CAVMAEObjective(), **arguments)

    @classmethod
    def base(cls, norm_pix: bool = True, vanilla: bool = False, **arguments) -> "CAVMAE":
        """Builds the published network: ten seconds of sound, 224 x 224 pixels, 191 million weights.

        Args:
            norm_pix: see `CAVMAEObjective`; the checkpoints for inpainting were trained without.
            vanilla: whether it is the vanilla AV-MAE: one joint encoder, no contrast.
            arguments: of `of_parts` and the constructor.
        """
        backbone = CAVMAEBackbone(modality_specific_depth=0 if vanilla else 11)
        objective = CAVMAEObjective(norm_pix=norm_pix, contrastive_weight=0.0 if vanilla else 0.01)
        reader = ImageReader(backbone.image_shape[:2], fit="crop", resize_shorter=backbone.image_shape[0])
        arguments = {"image_reader": reader} | arguments
        return cls.of_parts(backbone, CAVMAEDecoder.for_backbone(backbone), objective, **arguments)

    @classmethod
    def small(
        cls,
        spectrogram_shape: tuple[int, int] = (96, 64),
        image_shape: tuple[int, int, int] = (28, 28, 1),
        embedding_dim: int = 96,
        modality_specific_depth: int = 2,
        depth: int = 3,
        num_heads: int = 4,
        audio_patch: tuple[int, int] = (16, 8),
        image_patch: tuple[int, int] = (7, 7),
        decoder_dim: int = 64,
        decoder_depth: int = 2,
        objective: CAVMAEObjective | None = None,
        **arguments,
    ) -> "CAVMAE":
        """Builds a small network for small pictures and short sounds, to be trained from scratch in minutes.

        Args:
            spectrogram_shape: `(frames, bands)`, a hundred frames a second; `audio_patch` divides both.
            image_shape: `(height, width, channels)`; `image_patch` divides it.
            embedding_dim: values of a token and of an embedding.
            modality_specific_depth: blocks of each branch.
            depth: blocks that a token goes through.
            num_heads: heads of the attention, in encoder and decoder.
            audio_patch: bands and frames of a patch.
            image_patch: height and width of a patch.
            decoder_dim: values of a token in the decoder.
            decoder_depth: blocks of the decoder.
            objective: None takes the published one.
            arguments: of `of_parts` and the constructor.
        """
        backbone = CAVMAEBackbone(
            spectrogram_shape,
            image_shape,
            embedding_dim,
            modality_specific_depth,
            depth,
            num_heads,
            audio_patch,
            image_patch,
        )
        decoder = CAVMAEDecoder.for_backbone(backbone, decoder_dim, decoder_depth, num_heads)
        return cls.of_parts(backbone, decoder, objective, **{"pad": "silence"} | arguments)

    @classmethod
    def tiny(cls, **arguments) -> "CAVMAE":
        """Builds the smallest network of the kind, as `small`; for tests and first tries."""
        sizes = {"spectrogram_shape": (64, 32), "embedding_dim": 48, "modality_specific_depth": 1, "depth": 2}
        return cls.small(**sizes | {"decoder_dim": 32, "decoder_depth": 1} | arguments)

    # The data's way.

    def call(self, inputs: Mapping, training: bool | None = None) -> dict:
        self.check_roles(inputs)
        return self.autoencode(self.features(inputs, training), training=training)

    def features(self, inputs: Mapping, training: bool | None = None) -> dict[str, KerasTensor]:
        """Returns what the backbone takes: normalised spectrograms and images, by role."""
        sound = self.encoder_of("audio").encoder.features(inputs["audio"], training)
        spectrograms = sound["features"]
        for layer in self.spectrogram_augmentation:
            spectrograms = layer(spectrograms, sound["lengths"], training=training)
        return {"audio": spectrograms, "image": self.encoder_of("image").encoder.features(inputs["image"], training)}

    def draw_masks(self, features: Mapping[str, KerasTensor]) -> dict[str, TokenMask]:
        """Draws which patches are hidden, by role."""
        return {role: self.masking[role](self.patches(role, features[role])) for role in self.roles}

    def autoencode(
        self,
        features: Mapping[str, KerasTensor],
        masks: Mapping[str, TokenMask] | None = None,
        training: bool | None = None,
    ) -> dict[str, dict[str, KerasTensor]]:
        """Hides patches, encodes the others, and reconstructs all.

        Args:
            features: role -> normalised `(batch, frames, bands)` or `(batch, height, width, channels)`.
            masks: role -> `TokenMask`; None draws them.
            training: handed to the blocks.

        Returns:
            What the model's call gives.
        """
        masks = self.draw_masks(features) if masks is None else masks
        tokens = {role: self.backbone.branch(role, features[role], masks[role].visible, training) for role in masks}
        predictions = self.decoder(self.backbone.joint(tokens, training), masks, training=training)
        return {
            role: {
                "embedding": ops.mean(self.backbone.stream(role, tokens[role], training), axis=1),
                "patches": self.patches(role, features[role]),
                "prediction": predictions[role],
                "hidden": masks[role].hidden,
            }
            for role in tokens
        }

    def patches(self, role: str, features: KerasTensor) -> KerasTensor:
        """Returns the patches of normalised inputs, `(batch, count, values)`."""
        return cut_patches(self.backbone.as_images(role, features), self.backbone.tokens[role].patch_size)

    def images_of(self, role: str, patches: KerasTensor) -> KerasTensor:
        """Puts patches together: spectrograms `(batch, frames, bands)`, or normalised images."""
        tokens = self.backbone.tokens[role]
        images = join_patches(patches, tokens.grid, tokens.patch_size)
        return ops.transpose(images[..., 0], (0, 2, 1)) if role == "audio" else images

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the objective's loss; labels, where there are any, are not looked at."""
        rows = ops.arange(ops.shape(y_pred["audio"]["embedding"])[0])
        return super().compute_loss(x, rows, y_pred, sample_weight, training)

    # Use.

    @property
    def clip_reader(self) -> ClipReader:
        """What reads clips for this network, to train on them or to fine-tune."""
        sound, picture = self.encoder_of("audio"), self.encoder_of("image")
        return ClipReader(sound.clip_seconds, sound.reader, picture.reader)

    def inpaint(self, audio, image) -> dict[str, dict[str, np.ndarray]]:
        """Hides patches of pairs as in training, and fills them in.

        Take a network that was trained with `norm_pix=False`: others know the form of a patch, not its level.

        Args:
            audio: files or waveforms.
            image: files or arrays, as many.

        Returns:
            role -> `{"original", "masked", "inpainted"}`, with NaN for what is hidden: sounds `(n, frames, bands)`
            normalised as the network sees them; images `(n, height, width, channels)` in pixels 0..255 (as the network
            sees them behind a front end other than `PixelNormalization`); and `"hidden"`, bool `(n, count)`.

        Raises:
            ValueError: the objective is one of normalised patches.
        """
        if self.objective is not None and self.objective.norm_pix:
            raise ValueError(
                "Inpainting needs a network that was trained on plain patches. Received: norm_pix=True. Train one with "
                "`CAVMAEObjective(norm_pix=False)`."
            )
        output = self.autoencode(self.features(read_pairs(self, audio, image)))
        return {role: filled_in(parts, partial(self._shown, role)) for role, parts in output.items()}

    def _shown(self, role: str, patches: KerasTensor) -> KerasTensor:
        images, front_end = self.images_of(role, patches), self.encoder_of(role).encoder.front_end
        return front_end.undo(images) if isinstance(front_end, PixelNormalization) else images

    # Weights and saving.

    def with_objective(self, objective: CAVMAEObjective | None) -> "CAVMAE":
        """Returns a copy with another objective, not compiled; see `Comparator.with_objective`."""
        other = super().with_objective(objective)
        other.decoder.set_weights(self.decoder.get_weights())
        return other

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of an official state dict go; `FIXED_POSITIONS` have no place."""
        return [*self.backbone.torch_weights(), *self.decoder.torch_weights()]

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        config = super().get_config()
        del config["encoders"], config["roles"], config["similarity"]
        sound, picture = self.encoder_of("audio"), self.encoder_of("image")
        return config | {
            "backbone": serialize(self.backbone),
            "decoder": serialize(self.decoder),
            "audio_front_end": serialize(sound.encoder.front_end),
            "image_front_end": serialize(picture.encoder.front_end),
            "mask_ratio": dict(self.mask_ratio),
            "mask_mode": self.mask_mode,
            "audio_augmentation": [serialize(layer) for layer in sound.encoder.augmentation],
            "image_augmentation": [serialize(layer) for layer in picture.encoder.augmentation],
            "spectrogram_augmentation": [serialize(layer) for layer in self.spectrogram_augmentation],
            "audio_reader": sound.reader.get_config(),
            "image_reader": picture.reader.get_config(),
            "seed": self.seed,
        }

    @classmethod
    def parts_from_config(cls, config: dict) -> dict:
        deserialize = keras.saving.deserialize_keras_object
        layers = ("backbone", "decoder", "audio_front_end", "image_front_end", "objective")
        augmentation = ("audio_augmentation", "image_augmentation", "spectrogram_augmentation")
        return {
            **{name: None if config[name] is None else deserialize(config[name]) for name in layers},
            **{name: [deserialize(layer) for layer in config[name]] for name in augmentation},
            **{name: config[name] for name in ("mask_ratio", "mask_mode", "seed", "name")},
            "audio_reader": AudioReader.from_config(config["audio_reader"]),
            "image_reader": ImageReader.from_config(config["image_reader"]),
        }


def _by_role(mask_ratio: Mapping[str, float] | float, roles: Iterable[str]) -> dict[str, float]:
    shares = dict(mask_ratio) if isinstance(mask_ratio, Mapping) else dict.fromkeys(roles, mask_ratio)
    if set(shares) != set(roles) or not all(isinstance(share, Real) for share in shares.values()):
        raise ValueError(
            f"`mask_ratio` must be a number, or a dict of one for each of {list(roles)}. Received: "
            f"mask_ratio={mask_ratio!r}."
        )
    return shares
