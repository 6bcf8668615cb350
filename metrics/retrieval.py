"""Measures of retrieval: each item asks for the others of its label. Items alone in their label do not ask."""

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import check_items, similarity_blocks


def partner_ranks(
    embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine", block_size: int = 256
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ranks, for each item, all other items of its label (its partners) among all other items.

    All other measures of this module are short sums over these ranks. Rank = 1 + number more similar + half of the ties
    with items of other labels, so an embedding that maps everything to one point gets the ranks of guessing.

    Args:
        embeddings: one row per item `(n, dim)`, or `(n, n)` similarities if `similarity="precomputed"`.
        labels: label of each item `(n,)`, strings or integers.
        similarity: "cosine", "dot", "euclidean" or "precomputed".
        block_size: rows of the similarity matrix held at a time.

    Returns:
        queries: index of the item that asks, ascending `(num_pairs,)`.
        order: 1 for the query's best partner, 2 for the next, ... `(num_pairs,)`.
        ranks: rank of that partner among all others, from 1, with halves where tied `(num_pairs,)`.

    Raises:
        ValueError: if shapes do not match, a value is not finite, or no label has two items.

    Example:
        >>> queries, order, ranks = partner_ranks([[1, 0], [1, 0.1], [1, 0.2], [0, 1]], ["a", "b", "a", "b"])
        >>> queries.tolist(), order.tolist(), ranks.tolist()
        ([0, 1, 2, 3], [1, 1, 1, 1], [2.0, 3.0, 2.0, 2.0])
    """
    embeddings, codes = check_items(embeddings, labels, similarity)
    if np.bincount(codes).max() < 2:
        raise ValueError(
            "`labels` must hold a label with two items. "
            f"Received: {len(codes)} items of {len(codes)} labels. Use more items per label."
        )
    found = [
        _block_ranks(block, codes, start) for start, _, block in similarity_blocks(embeddings, similarity, block_size)
    ]
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _block_ranks(block: np.ndarray, codes: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`partner_ranks` of the rows `start...` whose similarities to all items are `block` `(rows, n)`."""
    rows = np.arange(len(block))
    block[rows, start + rows] = -np.inf  # the item itself comes last, and is cut off
    sequence = np.argsort(-block, axis=1)[:, :-1]
    values = np.take_along_axis(block, sequence, axis=1)
    partner = codes[sequence] == codes[start + rows, None]
    queries, places = np.nonzero(partner)
    partners_up_to = np.cumsum(partner, axis=1)
    order = partners_up_to[queries, places]

    positions = np.arange(values.shape[1])
    changes = values[:, 1:] != values[:, :-1]
    edge = np.ones((len(block), 1), bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, changes]), positions, 0), axis=1)[queries, places]
    last = np.where(np.hstack([changes, edge]), positions, positions[-1])
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1][queries, places]
    others_up_to = positions + 1 - partners_up_to
    greater = np.where(first > 0, others_up_to[queries, first - 1], 0)
    ranks = order + (greater + others_up_to[queries, last]) / 2
    return start + queries, order, ranks


def recall_at_k(embeddings: ArrayLike, labels: ArrayLike, k: int = 1, similarity: str = "cosine") -> float:
    """Share of queries with a partner among the first k.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        k: how many answers are looked at.
        similarity: see `partner_ranks`.

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: see `partner_ranks`; or if `k` is not positive.

    Example:
        >>> recall_at_k([[1, 0], [1, 0.1], [1, 0.2], [0, 1]], ["a", "b", "a", "b"], k=2)
        0.75
    """
    if k < 1:
        raise ValueError(f"`k` must be positive. Received: k={k}.")
    return float(np.mean(_first_ranks(embeddings, labels, similarity) <= k))


def precision_at_1(embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine") -> float:
    """Share of queries whose first answer has their label: what a nearest neighbour gets right.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        similarity: see `partner_ranks`.

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: see `partner_ranks`.

    Example:
        >>> precision_at_1([[1, 0], [1, 0.1], [0.1, 1], [0, 1]], ["a", "a", "b", "b"])
        1.0
    """
    return recall_at_k(embeddings, labels, 1, similarity)


def r_precision(embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine") -> float:
    """Share of partners among the first R answers of a query with R partners, the mean over queries.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        similarity: see `partner_ranks`.

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: see `partner_ranks`.

    Example:
        >>> r_precision([[1, 0], [1, 0.1], [0.1, 1], [0, 1]], ["a", "a", "b", "b"])
        1.0
    """
    queries, _, ranks = partner_ranks(embeddings, labels, similarity)
    return _mean_over_queries(ranks <= _num_partners(queries), queries)


def map_at_r(embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine") -> float:
    """Mean over queries of `(1 / R) * sum of the precision at each partner within the first R answers`.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        similarity: see `partner_ranks`.

    Returns:
        The mean, between 0 and 1; at most `r_precision`.

    Raises:
        ValueError: see `partner_ranks`.

    Example:
        >>> map_at_r([[1, 0], [1, 0.1], [0.1, 1], [0, 1]], ["a", "a", "b", "b"])
        1.0

    Reference:
        Musgrave, Belongie and Lim, "A metric learning reality check", ECCV 2020.
    """
    queries, order, ranks = partner_ranks(embeddings, labels, similarity)
    return _mean_over_queries(order / ranks * (ranks <= _num_partners(queries)), queries)


def mean_average_precision(embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine") -> float:
    """Mean over queries of the precision at each partner, over the whole ranking.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        similarity: see `partner_ranks`.

    Returns:
        The mean, between 0 and 1.

    Raises:
        ValueError: see `partner_ranks`.

    Example:
        >>> mean_average_precision([[1, 0], [1, 0.1], [0.1, 1], [0, 1]], ["a", "a", "b", "b"])
        1.0
    """
    queries, order, ranks = partner_ranks(embeddings, labels, similarity)
    return _mean_over_queries(order / ranks, queries)


def mean_reciprocal_rank(embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine") -> float:
    """Mean of 1 / rank of each query's best partner.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        similarity: see `partner_ranks`.

    Returns:
        The mean, between 0 and 1.

    Raises:
        ValueError: see `partner_ranks`.

    Example:
        >>> mean_reciprocal_rank([[1, 0], [1, 0.1], [0.1, 1], [0, 1]], ["a", "a", "b", "b"])
        1.0
    """
    return float(np.mean(1 / _first_ranks(embeddings, labels, similarity)))


def median_rank(embeddings: ArrayLike, labels: ArrayLike, similarity: str = "cosine") -> float:
    """Median of the rank of each query's best partner.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`.
        similarity: see `partner_ranks`.

    Returns:
        The median, at least 1.

    Raises:
        ValueError: see `partner_ranks`.

    Example:
        >>> median_rank([[1, 0], [1, 0.1], [1, 0.2], [0, 1]], ["a", "b", "a", "b"])
        2.0
    """
    return float(np.median(_first_ranks(embeddings, labels, similarity)))


def _first_ranks(embeddings: ArrayLike, labels: ArrayLike, similarity: str) -> np.ndarray:
    _, order, ranks = partner_ranks(embeddings, labels, similarity)
    return ranks[order == 1]


def _num_partners(queries: np.ndarray) -> np.ndarray:
    return np.bincount(queries)[queries]


def _mean_over_queries(values: np.ndarray, queries: np.ndarray) -> float:
    """Mean over queries of the mean over each query's partners."""
    counts = np.bincount(queries)
    asked = counts > 0
    return float(np.mean(np.bincount(queries, values)[asked] / counts[asked]))
