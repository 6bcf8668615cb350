"""Positions on a grid as sines and cosines."""

import numpy as np

_LONGEST = 10000.0


def sin_cos_positions(grid: tuple[int, int], dim: int) -> np.ndarray:
    """Describes each place of a grid by sines and cosines of its column (first half) and its row (second half).

    Each half is sines, then cosines, of the frequencies `10000 ** (-i / (dim / 4))`.

    Args:
        grid: rows and columns.
        dim: values of a position, a multiple of 4.

    Returns:
        `(rows * columns, dim)`, float32, row by row.

    Raises:
        ValueError: 4 does not divide `dim`.

    Example:
        >>> sin_cos_positions((2, 3), 4).round(2)[[0, 1, 3]].tolist()
        [[0.0, 1.0, 0.0, 1.0], [0.8399999737739563, 0.5400000214576721, 0.0, 1.0], [0.0, 1.0, 0.8399999737739563, \
0.5400000214576721]]

    Reference:
        He et al. 2022, Masked autoencoders are scalable vision learners.
    """
    if dim < 4 or dim % 4:
        raise ValueError(f"`dim` must be a multiple of 4. Received: dim={dim}.")
    rows, columns = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in grid), indexing="ij")
    frequencies = _LONGEST ** (-np.arange(dim // 4) / (dim / 4))

    def waves(places: np.ndarray) -> np.ndarray:
        angles = places.reshape(-1, 1) * frequencies
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)

    return np.concatenate([waves(columns), waves(rows)], axis=1).astype(np.float32)
