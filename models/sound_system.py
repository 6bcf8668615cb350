"""Classifiers of sound with all that belongs to them: front end, network, recipe."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from comparators.custom_layers.esc_mel import ESCMel
from comparators.custom_layers.noise_and_roll import NoiseAndRoll
from comparators.custom_layers.normalized_fbank import NormalizedFbank
from comparators.custom_layers.spec_augment import SpecAugment
from comparators.models.ast import AST
from comparators.models.classifier_training import ClassifierTraining
from comparators.models.encoders.ast_trunk import ASTTrunk
from comparators.models.encoders.mel_cnn_trunk import MelCNNTrunk
from comparators.models.encoders.shared_convolution_trunk import SharedConvolutionTrunk
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.shared_convolution_classifier import SharedConvolutionClassifier
from comparators.models.sound_classifier import SoundClassifier

_NUM_MELS = 80
_AUGMENTATION = (NoiseAndRoll, lambda: SpecAugment.one_mask_each(16, 96))


@dataclass(frozen=True)
class SoundSystem:
    """A front end, a network on its features, and how it is trained from scratch, for clips of one length.

    Args:
        front_end: from a number of frames to a layer that makes features of so many.
        network: from a number of frames and of classes to an untrained classifier of such features.
        plain: how it is trained without augmentation.
        augmented: how it is trained with noise, shifts in time, masks, and mixup.
        min_frames: what the network needs.

    Example:
        >>> system = SOUND_SYSTEMS["cnn"]
        >>> features = system.features([np.zeros(8_000, "float32")], num_frames=98)
        >>> tuple(features.shape), tuple(system.network(98, 10)(features).shape)
        ((1, 98, 128), (1, 10))
    """

    front_end: Callable[[int], keras.layers.Layer]
    network: Callable[[int, int], SoundClassifier]
    plain: ClassifierTraining
    augmented: ClassifierTraining
    min_frames: int = 64

    @property
    def sample_rate(self) -> int:
        """Of the clips, in Hz."""
        return self.front_end(1).sample_rate

    def num_frames(self, num_samples: int) -> int:
        """Returns the frames of clips of a length, at least what the network needs."""
        return max(self.min_frames, int(self.front_end(num_samples).output_lengths(num_samples)))

    def features(self, clips: Iterable[np.ndarray], num_frames: int) -> np.ndarray:
        """Computes features, float32 `(n, num_frames, bands)`, of clips `(samples,)`."""
        layer = self.front_end(num_frames)
        return np.concatenate([ops.convert_to_numpy(layer(clip[None])) for clip in clips])

    def on_waveforms(self, model: SoundClassifier, num_frames: int) -> WaveformEncoder:
        """Returns the encoder of a trained classifier, with the front end before it."""
        return WaveformEncoder(self.front_end(num_frames), model.trunk)


def _fbank(num_frames: int) -> NormalizedFbank:
    return NormalizedFbank.from_preset("ast-esc50", target_length=num_frames, num_mels=_NUM_MELS)


def _cnn(num_frames: int, num_classes: int) -> SoundClassifier:
    return SharedConvolutionClassifier(SharedConvolutionTrunk(num_frames), num_classes)


def _ast(num_frames: int, num_classes: int) -> SoundClassifier:
    trunk = ASTTrunk(
        num_frames, _NUM_MELS, 96, depth=3, num_heads=4, stride=12, form="small", distilled=False, dropout=0.1
    )
    return AST(trunk, num_classes)


def _stem_ast(num_frames: int, num_classes: int) -> SoundClassifier:
    trunk = ASTTrunk(
        num_frames,
        _NUM_MELS,
        96,
        depth=3,
        num_heads=4,
        patch_size=2,
        stride=2,
        form="small",
        distilled=False,
        pooling="mean",
        stem=(16, 32, 64),
        dropout=0.1,
    )
    return AST(trunk, num_classes)


def _mel_cnn(num_frames: int, num_classes: int) -> SoundClassifier:
    head = keras.layers.Dense(num_classes, dtype="float32", name="head")
    return SoundClassifier(MelCNNTrunk(channels=(8, 24, 64, 128), num_features=_NUM_MELS), head)


def _recipes(plain_epochs: int, augmented_epochs: int, learning_rate: float) -> dict[str, ClassifierTraining]:
    return {
        "plain": ClassifierTraining(plain_epochs, learning_rate=learning_rate),
        "augmented": ClassifierTraining(
            augmented_epochs, learning_rate=learning_rate, mixup=0.7, augmentation=_AUGMENTATION
        ),
    }


SOUND_SYSTEMS = {
    "cnn": SoundSystem(lambda frames: ESCMel(target_length=frames), _cnn, **_recipes(20, 60, 3e-4)),
    "mel-cnn": SoundSystem(_fbank, _mel_cnn, **_recipes(30, 60, 2e-3)),
    "ast": SoundSystem(_fbank, _ast, **_recipes(30, 80, 1e-3)),
    "stem-ast": SoundSystem(_fbank, _stem_ast, **_recipes(30, 80, 1e-3)),
}
"""`cnn`: the two-layer network of the small ESC-50 system; `mel-cnn`: four convolutions; `ast`: a small transformer;
`stem-ast`: one on the maps of three convolutions."""
