"""How alike: the one place that decides a score's direction and scale. Higher is more alike, always."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

Similarity = str | Callable[[np.ndarray, np.ndarray], np.ndarray]
SIMILARITIES = ("cosine", "dot", "euclidean")


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
            f'the first is row {zero.argmax()}. Leave these items out, or use similarity="euclidean".'
        )
    vectors = vectors / largest
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def check_similarity(similarity: Similarity) -> None:
    """Refuses what is not a similarity.

    Args:
        similarity: "cosine", "dot", "euclidean", or a function from `(n, dim)` and `(m, dim)` to `(n, m)`.

    Raises:
        ValueError: if it is another name.

    Example:
        >>> check_similarity("cosine")
    """
    if not (callable(similarity) or similarity in SIMILARITIES):
        raise ValueError(
            '`similarity` must be "cosine", "dot", "euclidean", or a function from `(n, dim)` and `(m, dim)` to an '
            f"`(n, m)` matrix that is higher for more alike. Received: similarity={similarity!r}."
        )


def prepare(vectors: ArrayLike, similarity: Similarity, name: str = "vectors") -> np.ndarray:
    """Does to each item once what a similarity needs: unit length for the cosine.

    Args:
        vectors: one row an item `(n, dim)`.
        similarity: "cosine", "dot", "euclidean" or a function.
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
        similarity: "cosine": in [-1, 1]; "dot": unbounded; "euclidean": 1 / (1 + distance), in (0, 1], so that it is
            never below zero and never lower for nearer; or a function, whose matrix is taken as it is.

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
    if similarity in ("cosine", "dot"):
        scores = a @ b.T
        return np.clip(scores, -1, 1, out=scores) if similarity == "cosine" else scores
    # In float64: of two items close to each other the difference of large squares would be left with no digits.
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    squares = (
        np.einsum("nd,nd->n", wide_a, wide_a)[:, None] + np.einsum("md,md->m", wide_b, wide_b) - 2 * wide_a @ wide_b.T
    )
    return (1 / (1 + np.sqrt(np.maximum(squares, 0)))).astype(np.result_type(a, b))


def check_items(embeddings: ArrayLike, labels: ArrayLike, similarity: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns embeddings as `prepare` does and integer label codes, or says what is wrong with them.

    Args:
        embeddings: one row per item `(n, dim)`, or `(n, n)` similarities if `similarity="precomputed"`.
        labels: label of each item `(n,)`, strings or integers.
        similarity: "cosine", "dot", "euclidean", a function, or "precomputed".

    Returns:
        embeddings: `(n, dim)`, float64 stays float64, all else becomes float32.
        codes: `(n,)` label codes 0..num_labels-1.

    Raises:
        ValueError: if the name, a shape or a value is not as above.

    Example:
        >>> check_items([[1, 0], [0, 1]], ["b", "a"], "dot")[1].tolist()
        [1, 0]
    """
    embeddings, labels = np.asarray(embeddings), np.asarray(labels)
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1] or not embeddings.size:
        raise ValueError(
            "`embeddings` must be `(n, dim)` with one of `labels` for each row, and not empty. "
            f"Received: shapes {embeddings.shape} and {labels.shape}."
        )
    if similarity == "precomputed":
        embeddings = as_embeddings(embeddings, "embeddings")
        if embeddings.shape[0] != embeddings.shape[1]:
            raise ValueError(f"Precomputed similarities must be square, `(n, n)`. Received: shape {embeddings.shape}.")
    else:
        embeddings = prepare(embeddings, similarity, "embeddings")
    return embeddings, np.unique(labels, return_inverse=True)[1].reshape(-1)


def similarity_blocks(
    embeddings: np.ndarray, similarity: Similarity, block_size: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields the similarities of all items to all items, a block of rows at a time.

    Args:
        embeddings: as `check_items` returns them.
        similarity: "cosine", "dot", "euclidean", a function, or "precomputed" (`embeddings` are the similarities).
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
    for start in range(0, len(embeddings), block_size):
        rows = embeddings[start : start + block_size]
        block = rows.copy() if similarity == "precomputed" else compare(rows, embeddings, similarity)
        yield start, start + len(rows), block
