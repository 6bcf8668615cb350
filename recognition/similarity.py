"""How alike: the one place that decides a score's direction. Higher is more alike, always."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

Similarity = str | Callable[[np.ndarray, np.ndarray], np.ndarray]
SIMILARITIES = ("cosine", "euclidean")


def as_embeddings(vectors: ArrayLike, name: str = "vectors") -> np.ndarray:
    """Returns vectors as a matrix of finite floats, or says what is wrong with them.

    Args:
        vectors: one row an item `(n, dim)`.
        name: what the caller calls them, for the error.

    Returns:
        `(n, dim)`, float64 stays float64, all else becomes float32.

    Raises:
        ValueError: if the shape is another, or a value is NaN or infinite.

    Example:
        >>> as_embeddings([[1, 2], [3, 4]]).dtype
        dtype('float32')
    """
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise ValueError(
            f"`{name}` must be a matrix with one row an item, `(n, dim)`. Received: shape {vectors.shape}. "
            "A single embedding is `embedding[None]`."
        )
    if vectors.dtype not in (np.float32, np.float64):
        vectors = vectors.astype(np.float32)
    if not np.isfinite(vectors).all():
        bad = ~np.isfinite(vectors).all(axis=1)
        raise ValueError(
            f"`{name}` must be finite. Received: NaN or infinity in {bad.sum()} of {bad.size} rows, the first is row "
            f"{bad.argmax()}. Leave these items out, or embed them again."
        )
    return vectors


def unit_rows(vectors: ArrayLike, name: str = "vectors") -> np.ndarray:
    """Scales each row to length 1.

    Args:
        vectors: one row an item `(n, dim)`.
        name: what the caller calls them, for the error.

    Returns:
        `(n, dim)` with rows of length 1.

    Raises:
        ValueError: if a row is all zeros: it has no direction, so its cosine with anything is undefined.

    Example:
        >>> unit_rows(np.array([[3.0, 4.0]])).round(2).tolist()
        [[0.6, 0.8]]
    """
    vectors = as_embeddings(vectors, name)
    # The largest value is taken out first, so that squares neither overflow nor vanish.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    zero = largest[:, 0] == 0
    if zero.any():
        raise ValueError(
            f"A row of `{name}` that is all zeros has no cosine. Received: {zero.sum()} of {zero.size} such rows, "
            f"the first is "
            f'row {zero.argmax()}. Leave these items out, or use similarity="euclidean".'
        )
    vectors = vectors / largest
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def check_similarity(similarity: Similarity) -> None:
    """Refuses what is not a similarity.

    Args:
        similarity: "cosine", "euclidean", or a function from `(n, dim)` and `(m, dim)` to `(n, m)`.

    Raises:
        ValueError: if it is another name.

    Example:
        >>> check_similarity("cosine")
    """
    if not (callable(similarity) or similarity in SIMILARITIES):
        raise ValueError(
            '`similarity` must be "cosine", "euclidean", or a function from `(n, dim)` and `(m, dim)` to an `(n, '
            "m)` matrix "
            f"that is higher for more alike. Received: similarity={similarity!r}."
        )


def prepare(vectors: ArrayLike, similarity: Similarity, name: str = "vectors") -> np.ndarray:
    """Does to each item once what a similarity needs: unit length for the cosine.

    Args:
        vectors: one row an item `(n, dim)`.
        similarity: "cosine", "euclidean" or a function.
        name: what the caller calls the vectors, for the error.

    Returns:
        `(n, dim)`, to be given to `compare`.

    Raises:
        ValueError: if the vectors or the similarity are not as above.

    Example:
        >>> prepare([[2.0, 0.0]], "cosine").tolist()
        [[1.0, 0.0]]
    """
    check_similarity(similarity)
    return unit_rows(vectors, name) if similarity == "cosine" else as_embeddings(vectors, name)


def compare(a: np.ndarray, b: np.ndarray, similarity: Similarity) -> np.ndarray:
    """Scores all of `a` with all of `b`, both as `prepare` returns them.

    Args:
        a: `(n, dim)`.
        b: `(m, dim)`.
        similarity: "cosine": in [-1, 1]; "euclidean": 1 / (1 + distance), in (0, 1], so that it is never below zero and
            never lower for nearer; or a function, whose matrix is taken as it is.

    Returns:
        `(n, m)`, higher for more alike.

    Raises:
        ValueError: if the two have different dimensions, or a function's result is not a finite `(n, m)` matrix.

    Example:
        >>> compare(np.eye(2), np.eye(2), "cosine").tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"Embeddings to compare must have one dimension. Received: {a.shape[1]} and {b.shape[1]}. "
            "Were they made by two different models?"
        )
    if callable(similarity):
        scores = np.asarray(similarity(a, b))
        if scores.shape != (len(a), len(b)) or not np.isfinite(scores).all():
            raise ValueError(
                f"A similarity function must return finite scores of shape {(len(a), len(b))}. "
                f"Received: shape {scores.shape}, {np.count_nonzero(~np.isfinite(scores))} of them not finite."
            )
        return scores
    if similarity == "cosine":
        scores = a @ b.T
        return np.clip(scores, -1, 1, out=scores)
    # In float64: of two items close to each other the difference of large squares would be left with no digits.
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    squares = (
        np.einsum("nd,nd->n", wide_a, wide_a)[:, None] + np.einsum("md,md->m", wide_b, wide_b) - 2 * wide_a @ wide_b.T
    )
    return (1 / (1 + np.sqrt(np.maximum(squares, 0)))).astype(np.result_type(a, b))


def similarity_matrix(a: ArrayLike, b: ArrayLike | None = None, similarity: Similarity = "cosine") -> np.ndarray:
    """Scores all items of `a` with all items of `b`. For many items see `top_k`, which keeps memory bounded.

    Args:
        a: embeddings `(n, dim)`.
        b: embeddings `(m, dim)`; without them, `a` again.
        similarity: "cosine", in [-1, 1]; "euclidean", which is 1 / (1 + distance), in (0, 1]; or a function from two
            matrices to their `(n, m)` scores, such as a model's `similarity_matrix`.

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
        similarity: "cosine", "euclidean" or a function, see `similarity_matrix`.
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
    if similarity == "cosine":
        return np.clip(np.einsum("nd,nd->n", a, b), -1, 1)
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
        similarity: "cosine", "euclidean" or a function, see `similarity_matrix`.
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
