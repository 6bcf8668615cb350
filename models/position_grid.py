"""The grid of the patches of a spectrogram, and learned positions of one grid for another."""

import numpy as np


def grid_of(size: tuple[int, int], patch_size: int, stride: int) -> tuple[int, int]:
    """Returns how many patches fit into a spectrogram.

    Args:
        size: mel bands and frames.
        patch_size: of a patch, both ways.
        stride: from patch to patch, both ways.

    Raises:
        ValueError: it is smaller than a patch.

    Example:
        >>> grid_of((128, 512), 16, 10)
        (12, 50)
    """
    if min(size) < patch_size:
        raise ValueError(
            f"`num_features` and `num_frames` must be at least one patch, {patch_size}. "
            f"Received: num_features={size[0]}, num_frames={size[1]}."
        )
    return tuple(1 + (length - patch_size) // stride for length in size)


def adapt_positions(
    positions: np.ndarray, grid: tuple[int, int], new_grid: tuple[int, int], num_special: int = 0
) -> np.ndarray:
    """Makes the learned positions of one grid into those of another, as AST does with those of images.

    An axis that becomes shorter is cut to its middle; one that becomes longer is stretched, linearly between places.

    Args:
        positions: `(1, num_special + rows * columns, dim)`, row by row.
        grid: rows and columns of the positions.
        new_grid: rows and columns wanted.
        num_special: tokens without a place, which stand first and stay as they are.

    Returns:
        `(1, num_special + new rows * new columns, dim)`, float32.

    Raises:
        ValueError: the positions are not as many as the grid says.

    Example:
        >>> line = np.array([0.0, 1.0, 2.0, 3.0]).reshape(1, 4, 1)
        >>> adapt_positions(line, (1, 4), (1, 2)).ravel(), adapt_positions(line, (1, 4), (2, 4)).shape
        (array([1., 2.], dtype=float32), (1, 8, 1))

    Reference:
        Gong et al. 2021, AST: audio spectrogram transformer.
    """
    positions = np.asarray(positions, np.float32)
    if positions.ndim != 3 or positions.shape[1] != num_special + grid[0] * grid[1]:
        raise ValueError(
            f"Positions of {num_special} tokens and a grid of {grid[0]} x {grid[1]} must be "
            f"(1, {num_special + grid[0] * grid[1]}, dim). Received: shape={positions.shape}. "
            "Say the grid that they have."
        )
    special, places = positions[:, :num_special], positions[0, num_special:].reshape(*grid, -1)
    for axis, size in enumerate(new_grid):
        places = _cut(places, size, axis) if size <= places.shape[axis] else _stretched(places, size, axis)
    return np.concatenate([special, places.reshape(1, -1, positions.shape[2])], axis=1)


def _cut(places: np.ndarray, size: int, axis: int) -> np.ndarray:
    first = places.shape[axis] // 2 - size // 2
    return np.take(places, np.arange(first, first + size), axis=axis)


def _stretched(places: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Interpolates between the middles of cells; outside of the first and the last middle the value stays."""
    old = places.shape[axis]
    where = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    below = np.minimum(where.astype(int), old - 1)
    share = (where - below).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
    lower = np.take(places, below, axis=axis)
    return lower + share * (np.take(places, np.minimum(below + 1, old - 1), axis=axis) - lower)
