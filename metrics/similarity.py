"""Similarity of all items to all items, by blocks of rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

SIMILARITIES = ("cosine", "dot", "euclidean", "precomputed")


def check_items(embeddings: ArrayLike, labels: ArrayLike, similarity: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns embeddings and integer label codes, or says what is wrong with them.

    Args:
        embeddings: one row per item `(n, dim)`, or `(n, n)` similarities if `similarity="precomputed"`.
        labels: label of each item `(n,)`, strings or integers.
        similarity: one of `SIMILARITIES`.

    Returns:
        embeddings: `(n, dim)`, float64 stays float64, all else becomes float32.
        codes: `(n,)` label codes 0..num_labels-1.

    Raises:
        ValueError: if the name, a shape or a value is not as above.

    Example:
        >>> check_items([[1, 0], [0, 1]], ["b", "a"], "dot")[1].tolist()
        [1, 0]
    """
    if similarity not in SIMILARITIES:
        raise ValueError(f"`similarity` must be one of {', '.join(SIMILARITIES)}. Received: similarity={similarity!r}.")
    embeddings, labels = np.asarray(embeddings), np.asarray(labels)
    if embeddings.dtype != np.float64:
        embeddings = embeddings.astype(np.float32)
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1] or not embeddings.size:
        raise ValueError(
            "`embeddings` must be `(n, dim)` with one of `labels` for each row, and not empty. "
            f"Received: shapes {embeddings.shape} and {labels.shape}."
        )
    if similarity == "precomputed" and embeddings.shape[0] != embeddings.shape[1]:
        raise ValueError(f"Precomputed similarities must be square, `(n, n)`. Received: shape {embeddings.shape}.")
    bad = ~np.isfinite(embeddings).all(axis=1)
    if bad.any():
        raise ValueError(
            f"`embeddings` must be finite. Received: {bad.sum()} of {bad.size} rows with NaN or infinity, the first is "
            f"row {bad.argmax()}. Leave these items out, or embed them again."
        )
    return embeddings, np.unique(labels, return_inverse=True)[1].reshape(-1)


def similarity_blocks(
    embeddings: np.ndarray, similarity: str, block_size: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields the similarities of all items to all items, a block of rows at a time.

    Args:
        embeddings: as `check_items` returns them.
        similarity: "cosine"; "dot"; "euclidean" (minus the distance); "precomputed" (the rows of `embeddings`).
        block_size: rows per block.

    Yields:
        start, stop: the block's rows.
        block: similarities `(stop - start, n)`, the caller's to change.

    Raises:
        ValueError: if `block_size` is not positive.

    Example:
        >>> [block.shape for _, _, block in similarity_blocks(np.eye(5), "cosine", block_size=3)]
        [(3, 5), (2, 5)]
    """
    if block_size < 1:
        raise ValueError(f"`block_size` must be positive. Received: block_size={block_size}.")
    if similarity == "cosine":
        norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
        embeddings = embeddings / np.where(norms > 0, norms, 1)
    squares = np.sum(embeddings**2, axis=1) if similarity == "euclidean" else None
    for start in range(0, len(embeddings), block_size):
        rows = embeddings[start : start + block_size]
        block = rows.copy() if similarity == "precomputed" else rows @ embeddings.T
        if similarity == "euclidean":
            distances = squares[start : start + len(rows), None] + squares - 2 * block
            block = -np.sqrt(np.maximum(distances, 0))
        yield start, start + len(rows), block
