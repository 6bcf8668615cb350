"""CAV-MAE started from a masked autoencoder of images."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from comparators.models.convert import TorchWeight, load_state, read_state
from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone

_ROLE_ENTRIES = ("modality_a", "modality_v", "pos_embed_a", "pos_embed_v")
_UNUSED = ("cls_token", "pos_embed", "mask_token", "decoder_pos_embed")
_UNUSED_PARTS = ("decoder_embed.", "decoder_blocks.", "decoder_norm.", "decoder_pred.", "head.", "fc_norm.")


@dataclass(frozen=True)
class _Chosen:
    weights: list[TorchWeight]

    def torch_weights(self) -> list[TorchWeight]:
        return self.weights


def load_image_mae(backbone: CAVMAEBackbone, source: str | os.PathLike | Mapping[str, np.ndarray]) -> None:
    """Starts a backbone from the weights of a masked autoencoder of images, as the published networks were.

    The first blocks go to both branches and the others to the shared ones, with each norm in all of its forms; a patch
    of sound is weighted by the sum of the three colours. Modality vectors stay as they are; positions are sines and
    cosines in both.

    Args:
        backbone: of as many blocks and values as the autoencoder's encoder, with images of three channels.
        source: file or state dict of He et al.'s code, see `read_state`; its decoder is left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the checkpoint is of another size; what does not fit is listed.

    Example:
        >>> backbone = CAVMAEBackbone((32, 32), (32, 32, 3), 16, modality_specific_depth=1, depth=2, num_heads=2)
        >>> load_image_mae(backbone, {"norm.weight": np.ones(16)})
        Traceback (most recent call last):
        ValueError: The weights do not fit, and nothing was loaded. Missing: ...

    Reference:
        He et al. 2022, Masked autoencoders are scalable vision learners.
    """
    state = read_state(source)
    weights = [weight for weight in backbone.torch_weights() if weight.names[0] not in _ROLE_ENTRIES]
    moved = {name: state[theirs] for name, theirs in _sources(weights, backbone) if theirs in state}
    used = {theirs for _, theirs in _sources(weights, backbone)}
    if "patch_embed_a.proj.weight" in moved:
        moved["patch_embed_a.proj.weight"] = moved["patch_embed_a.proj.weight"].sum(axis=1, keepdims=True)
    left = {name: value for name, value in state.items() if name not in used}
    load_state(_Chosen(weights), moved | left, unused=(*_UNUSED, *_UNUSED_PARTS))


def _sources(weights: list[TorchWeight], backbone: CAVMAEBackbone) -> Iterator[tuple[str, str]]:
    """Yields each of our names and the autoencoder's."""
    for weight in weights:
        (name,) = weight.names
        part, _, rest = name.partition(".")
        if part.startswith("blocks_"):
            number, _, rest = rest.partition(".")
            start = backbone.modality_specific_depth if part == "blocks_u" else 0
            name_there = f"blocks.{int(number) + start}.{rest}"
            for norm in ("norm1", "norm2"):
                for letter in ("a", "v"):
                    name_there = name_there.replace(f"{norm}_{letter}.", f"{norm}.")
            yield name, name_there
        else:
            yield name, f"{part.removesuffix('_a').removesuffix('_v')}.{rest}"
