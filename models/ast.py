"""The audio spectrogram transformer as a classifier."""

import os
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from comparators.models.ast_checkpoint import read_ast_state
from comparators.models.convert import TorchWeight, layer_norm_weights, linear_weights, load_state
from comparators.models.encoders.ast_trunk import ASTTrunk
from comparators.models.sound_classifier import SoundClassifier

_SIZES = {"tiny": (192, 3), "small": (384, 6), "base": (768, 12)}
_HEAD_NAMES = {"official": "mlp_head", "small": "FinalLinear"}


@keras.saving.register_keras_serializable("comparators")
class AST(SoundClassifier):
    """Tells sounds apart with a transformer on spectrograms.

    `AST.official` is the published network, for ImageNet's and AudioSet's checkpoints; `AST.small` the one of a few
    blocks that trains from scratch on ESC-50. The encoder inside, `ast.encoder`, gives embeddings for everything else.

    Args:
        encoder: an `ASTTrunk`, or a `WaveformEncoder` with one, which takes waveforms.
        num_classes: sounds to tell apart.
        labels: their names, in the order of the logits.
        name: name of the model.

    Call arguments:
        inputs: as the encoder takes them: normalised features `(batch, num_frames, num_features)`, or waveforms.

    Returns:
        Logits `(batch, num_classes)`, float32.

    Raises:
        ValueError: the labels are not as many as the classes.

    Example:
        >>> from comparators.custom_layers import NormalizedFbank
        >>> from comparators.models.encoders import WaveformEncoder
        >>> trunk = ASTTrunk(num_frames=64, num_features=32, embedding_dim=8, depth=1, num_heads=2)
        >>> model = AST(WaveformEncoder(NormalizedFbank(target_length=64, num_mels=32), trunk), num_classes=3)
        >>> tuple(model(np.zeros((2, 16_000), "float32")).shape)
        (2, 3)

    Reference:
        Gong et al. 2021, AST: audio spectrogram transformer.
    """

    def __init__(
        self, encoder: keras.Model, num_classes: int = 50, labels: Sequence[str] | None = None, name: str | None = None
    ):
        norm = keras.layers.LayerNormalization(epsilon=1e-5, dtype="float32", name="norm")
        head = keras.Sequential([norm, keras.layers.Dense(num_classes, dtype="float32", name="logits")], name="head")
        super().__init__(encoder, head, labels, name=name)

    @classmethod
    def official(
        cls,
        num_classes: int = 50,
        num_frames: int = 512,
        num_features: int = 128,
        size: str = "base",
        stride: int = 10,
        labels: Sequence[str] | None = None,
    ) -> "AST":
        """Makes the published network: 12 blocks, class and distillation token.

        Args:
            num_classes: sounds to tell apart; 527 in AudioSet.
            num_frames: 1024 for AudioSet, 512 for ESC-50, 128 for Speech Commands.
            num_features: mel bands.
            size: `"base"` (768 values a token, 12 heads), `"small"` (384, 6) or `"tiny"` (192, 3).
            stride: frames and bands from patch to patch.
            labels: names of the classes.

        Raises:
            ValueError: there is no such size.
        """
        if size not in _SIZES:
            raise ValueError(f"`size` must be one of {', '.join(_SIZES)}. Received: size={size!r}.")
        embedding_dim, num_heads = _SIZES[size]
        trunk = ASTTrunk(num_frames, num_features, embedding_dim, num_heads=num_heads, stride=stride)
        return cls(trunk, num_classes, labels)

    @classmethod
    def small(
        cls,
        num_classes: int = 50,
        num_frames: int = 498,
        num_features: int = 128,
        embedding_dim: int = 768,
        depth: int = 2,
        num_heads: int = 6,
        distilled: bool = False,
        pooling: str = "cls",
        labels: Sequence[str] | None = None,
    ) -> "AST":
        """Makes the network of a few blocks for `ESCMel`'s features, to be trained from scratch.

        Args:
            num_classes: sounds to tell apart.
            num_frames: of every sound.
            num_features: mel bands.
            embedding_dim: values of a token.
            depth: blocks.
            num_heads: heads of the attention.
            distilled: whether there is a distillation token.
            pooling: see `ASTTrunk`; `"tutorial"` for the published checkpoints' logits.
            labels: names of the classes.
        """
        trunk = ASTTrunk(
            num_frames,
            num_features,
            embedding_dim,
            depth,
            num_heads,
            form="small",
            distilled=distilled,
            pooling=pooling,
            dropout=0.1,
        )
        return cls(trunk, num_classes, labels)

    def load_checkpoint(
        self,
        source: str | os.PathLike | Mapping[str, np.ndarray],
        head: bool = True,
        grid: tuple[int, int] | None = None,
    ) -> None:
        """Loads published weights by name: of this network, of AST on AudioSet, or of DeiT on ImageNet.

        Positions of another grid are cut or stretched; the patches of an image network become those of a spectrogram,
        summed over the colours.

        Args:
            source: file or state dict, see `comparators.models.read_state`.
            head: False leaves the head as it is, for other classes; a network of images has none to take.
            grid: rows and columns of the checkpoint's positions. None takes those of 128 mel bands with this network's
                patches, or a square for images.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a name is missing, unexpected or of another shape (all are listed, and nothing is loaded), or
                the positions fit no grid.
        """
        state, has_head = read_ast_state(source, self.trunk, grid)
        unused = ["v.head.", "v.head_dist."]
        if head and has_head:
            load_state(self, state, unused)
        else:
            load_state(self.trunk, state, [*unused, *(f"{name}." for name in _HEAD_NAMES.values())])

    def torch_weights(self) -> list[TorchWeight]:
        """Returns where the entries of a PyTorch state dict go."""
        name, (norm, logits) = _HEAD_NAMES[self.trunk.form], self.head.layers
        return [
            *self.trunk.torch_weights(),
            *layer_norm_weights(f"{name}.0", norm),
            *linear_weights(f"{name}.1", logits),
        ]

    def get_config(self) -> dict:
        config = super().get_config()
        del config["head"]
        return config | {"num_classes": self.num_classes}
