"""One vector for a whole map."""

import numpy as np


def pooled(outputs: np.ndarray | dict[str, np.ndarray]) -> np.ndarray:
    """Returns what an encoder gave as one embedding for each item: the mean of its map, where it is a map.

    Args:
        outputs: embeddings `(n, dim)`, maps of images `(n, height, width, dim)`, or maps of sounds `{"map": (n, time,
            dim), "lengths": (n,)}`, of which only the moments within the lengths count.

    Returns:
        `(n, dim)`, float32.

    Example:
        >>> pooled({"map": np.array([[[1.0], [3.0], [9.0]]]), "lengths": np.array([2])}).tolist()
        [[2.0]]
    """
    if isinstance(outputs, dict):
        sounds, lengths = np.asarray(outputs["map"], np.float32), np.maximum(np.asarray(outputs["lengths"]), 1)
        real = np.arange(sounds.shape[1]) < lengths[:, None]
        return (np.where(real[..., None], sounds, 0).sum(axis=1) / lengths[:, None]).astype(np.float32)
    outputs = np.asarray(outputs, np.float32)
    return outputs if outputs.ndim == 2 else outputs.mean(axis=tuple(range(1, outputs.ndim - 1)))
