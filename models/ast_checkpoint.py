"""Checkpoints for audio spectrogram transformers: their own, and those of image transformers."""

import math
import os
from collections.abc import Mapping

import numpy as np

from comparators.models.convert import read_state
from comparators.models.encoders.ast_trunk import ASTTrunk
from comparators.models.position_grid import adapt_positions, grid_of

_CHECKPOINT_BANDS = 128
_IMAGE_HEADS = ("head.", "head_dist.")


def read_ast_state(
    source: str | os.PathLike | Mapping[str, np.ndarray], trunk: ASTTrunk, grid: tuple[int, int] | None = None
) -> tuple[dict[str, np.ndarray], bool]:
    """Reads a state dict and brings it into the form that a network wants, by name.

    Args:
        source: file or state dict, see `read_state`: of AST (`v.*`, as AudioSet's), of a vision transformer with a
            distillation token (`blocks.*` with a patch kernel of three colours, as ImageNet's DeiT), or of the small
            form.
        trunk: the network.
        grid: rows and columns of the checkpoint's positions; None works them out.

    Returns:
        The state dict with positions for the network's grid, and whether it has a head for sounds.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no state dict, or its positions fit no grid.
    """
    state = read_state(source)
    kernel = state.get("patch_embed.proj.weight")
    of_images = kernel is not None and kernel.ndim == 4
    if of_images:
        state = {f"v.{name}": value for name, value in state.items() if not name.startswith(_IMAGE_HEADS)}
        state["v.patch_embed.proj.weight"] = kernel.sum(axis=1, keepdims=True)
    name = "pos_embed" if trunk.form == "small" else "v.pos_embed"
    if name in state:
        count = state[name].shape[1] - trunk.num_special
        grid = grid or (_square(count) if of_images else _sound_grid(count, trunk))
        if grid != trunk.grid:
            state[name] = adapt_positions(state[name], grid, trunk.grid, trunk.num_special)
    return state, not of_images


def _square(count: int) -> tuple[int, int]:
    side = math.isqrt(count)
    if side * side != count:
        raise ValueError(f"The {count} positions of an image network are no square. Name their `grid`.")
    return side, side


def _sound_grid(count: int, trunk: ASTTrunk) -> tuple[int, int]:
    if count == trunk.grid[0] * trunk.grid[1]:
        return trunk.grid
    rows, _ = grid_of((_CHECKPOINT_BANDS, trunk.patch_size), trunk.patch_size, trunk.stride)
    if count < rows or count % rows:
        raise ValueError(
            f"The checkpoint has positions for {count} patches, which are no {rows} rows of {_CHECKPOINT_BANDS} mel "
            f"bands cut with stride {trunk.stride}. Name the checkpoint's `grid` as (rows, columns), and make the "
            "network with the stride that it was trained with."
        )
    return rows, count // rows
