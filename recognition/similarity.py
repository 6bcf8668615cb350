"""Embeddings scored with embeddings: all with all, in pairs, and the nearest of many."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import Similarity, compare, prepare


def similarity_matrix(a: ArrayLike, b: ArrayLike | None = None, similarity: Similarity = "cosine") -> np.ndarray:
    """Scores all items of `a` with all items of `b`. For many items see `top_k`, which keeps memory bounded.

    Args:
        a: embeddings `(n, dim)`.
        b: embeddings `(m, dim)`; without them, `a` again.
        similarity: "cosine", in [-1, 1]; "dot"; "euclidean", which is 1 / (1 + distance), in (0, 1]; or a function from
            two matrices to their `(n, m)` scores, such as a model's `score`.

    Returns:
        `(n, m)`, higher for more alike.

    Raises:
        ValueError: if embeddings are not finite matrices of one dimension, or the similarity is unknown.

    Example:
        >>> similarity_matrix([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0]]).tolist()
        [[1.0], [0.0]]
        >>> similarity_matrix([[0.0], [3.0]], [[0.0]], similarity="euclidean").tolist()
        [[1.0], [0.25]]
    """
    a = prepare(a, similarity, "a")
    return compare(a, a if b is None else prepare(b, similarity, "b"), similarity)


def cosine_similarity_matrix(a: ArrayLike, b: ArrayLike | None = None) -> np.ndarray:
    """Cosine of all items of `a` with all items of `b`.

    Args:
        a: embeddings `(n, dim)`.
        b: embeddings `(m, dim)`; without them, `a` again.

    Returns:
        `(n, m)` in [-1, 1].

    Raises:
        ValueError: if embeddings are not finite matrices of one dimension, or a row is all zeros.

    Example:
        >>> cosine_similarity_matrix([[2.0, 0.0], [0.0, 1.0]]).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return similarity_matrix(a, b, "cosine")


def paired_similarity(
    a: ArrayLike, b: ArrayLike, similarity: Similarity = "cosine", block_size: int = 256
) -> np.ndarray:
    """Scores each item of `a` with the item of `b` in the same row.

    Args:
        a: embeddings `(n, dim)`.
        b: embeddings `(n, dim)`.
        similarity: "cosine", "dot", "euclidean" or a function, see `similarity_matrix`.
        block_size: rows given to a function at a time.

    Returns:
        `(n,)`, higher for more alike.

    Raises:
        ValueError: if the shapes differ, or as `similarity_matrix` does.

    Example:
        >>> paired_similarity([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]]).tolist()
        [1.0, 0.0]
    """
    a, b = prepare(a, similarity, "a"), prepare(b, similarity, "b")
    if a.shape != b.shape:
        raise ValueError(f"`a` and `b` must have one shape, a row for each pair. Received: {a.shape} and {b.shape}.")
    if similarity in ("cosine", "dot"):
        scores = np.einsum("nd,nd->n", a, b)
        return np.clip(scores, -1, 1) if similarity == "cosine" else scores
    if similarity == "euclidean":
        return 1 / (1 + np.linalg.norm(a - b, axis=1))
    starts = range(0, len(a), block_size)
    blocks = [np.diag(compare(a[i : i + block_size], b[i : i + block_size], similarity)) for i in starts]
    return np.concatenate(blocks) if blocks else np.empty(0, a.dtype)


def top_k(
    queries: ArrayLike, items: ArrayLike, k: int, similarity: Similarity = "cosine", block_size: int = 2048
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the `k` items most alike to each query: exact, and by blocks, so that memory stays bounded.

    Args:
        queries: embeddings `(n, dim)`.
        items: embeddings `(m, dim)`.
        k: how many items for each query, at most m are returned.
        similarity: "cosine", "dot", "euclidean" or a function, see `similarity_matrix`.
        block_size: at most this many queries are scored with this many items at a time.

    Returns:
        scores: `(n, min(k, m))`, falling along each row.
        indices: of these items `(n, min(k, m))`; of equal scores the lower index comes first.

    Raises:
        ValueError: if `k` or `block_size` is not positive, or as `similarity_matrix` does.

    Example:
        >>> scores, indices = top_k([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0], [1.0, 0.0]], k=2)
        >>> scores.tolist(), indices.tolist()
        ([[1.0, 1.0]], [[1, 2]])
    """
    for name, value in (("k", k), ("block_size", block_size)):
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    queries, items = prepare(queries, similarity, "queries"), prepare(items, similarity, "items")
    k = min(k, len(items))
    found = [
        _top_k_of_block(queries[start : start + block_size], items, k, similarity, block_size)
        for start in range(0, len(queries), block_size)
    ]
    if not found:
        return np.empty((0, k), queries.dtype), np.empty((0, k), np.int64)
    return np.concatenate([scores for scores, _ in found]), np.concatenate([indices for _, indices in found])


def _top_k_of_block(
    queries: np.ndarray, items: np.ndarray, k: int, similarity: Similarity, block_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Goes through the items by blocks: after the first, only the few scores over the k-th best so far are sorted."""
    num_queries = len(queries)
    best, indices = np.empty((num_queries, 0), queries.dtype), np.empty((num_queries, 0), np.int64)
    for start in range(0, len(items), block_size):
        scores = compare(queries, items[start : start + block_size], similarity)
        if best.shape[1] < k:
            kth = min(k, scores.shape[1])
            rows, columns = np.nonzero(scores >= -np.partition(-scores, kth - 1, axis=1)[:, kth - 1, None])
        else:
            rows, columns = np.nonzero(scores > best[:, -1, None])
        if not len(rows):
            continue
        width = best.shape[1]
        all_rows = np.concatenate([np.repeat(np.arange(num_queries), width), rows])
        all_scores = np.concatenate([best.ravel(), scores[rows, columns]])
        all_indices = np.concatenate([indices.ravel(), columns + start])
        order = np.lexsort((all_indices, -all_scores, all_rows))
        counts = np.bincount(all_rows, minlength=num_queries)
        width = min(k, int(counts.min()))
        first = np.cumsum(counts) - counts
        kept = order[first[:, None] + np.arange(width)]
        best, indices = all_scores[kept], all_indices[kept]
    return best, indices
