"""Embeddings scored with embeddings: all with all, in pairs, and the nearest of many."""

from collections.abc import Iterable

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
    found = []
    for start in range(0, len(queries), block_size):
        rows = queries[start : start + block_size]
        blocks = (compare(rows, items[i : i + block_size], similarity) for i in range(0, len(items), block_size))
        found.append(best_of_blocks(blocks, len(rows), k))
    if not found:
        return np.empty((0, k), queries.dtype), np.empty((0, k), np.int64)
    return np.concatenate([scores for scores, _ in found]), np.concatenate([indices for _, indices in found])


def best_of_blocks(
    blocks: Iterable[np.ndarray], num_rows: int, k: int, least: float = -np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the `k` highest scores of each row, where the columns come in blocks, such as one that is made at a time.

    Args:
        blocks: scores `(num_rows, columns)`, one block of columns after the other.
        num_rows: how many rows there are.
        k: how many to find.
        least: only scores over this are looked for; so minus infinity never counts.

    Returns:
        scores: `(num_rows, k)`, falling along each row; `least` where there are too few.
        indices: of their columns, counted over all blocks `(num_rows, k)`; of equal scores the lower comes first; -1
            where there are too few.

    Example:
        >>> scores, indices = best_of_blocks([np.array([[3.0, 1.0]]), np.array([[2.0, 3.0]])], num_rows=1, k=3)
        >>> scores.tolist(), indices.tolist()
        ([[3.0, 3.0, 2.0]], [[0, 3, 2]])
    """
    best, indices = np.full((num_rows, k), least, np.float32), np.full((num_rows, k), -1)
    start = 0
    for scores in blocks:
        best = best.astype(np.result_type(scores, best), copy=False)
        better = scores > best[:, -1, None]
        # Few are, after the first blocks; sorting as many as there are in those would take long.
        if scores.shape[1] > k and np.count_nonzero(better) > 2 * k * num_rows:
            better &= scores >= -np.partition(-scores, k - 1, axis=1)[:, k - 1, None]
        rows, columns = np.nonzero(better)
        if len(rows):
            changed, counts = np.unique(rows, return_counts=True)
            all_rows = np.concatenate([np.repeat(changed, k), rows])
            all_scores = np.concatenate([best[changed].ravel(), scores[rows, columns]])
            all_indices = np.concatenate([indices[changed].ravel(), columns + start])
            order = np.lexsort((all_indices, -all_scores, all_rows))
            kept = order[(np.cumsum(counts + k) - counts - k)[:, None] + np.arange(k)]
            best[changed], indices[changed] = all_scores[kept], all_indices[kept]
        start += scores.shape[1]
    return best, indices
