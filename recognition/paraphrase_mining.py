"""Paraphrases: the pairs that are most alike, of all pairs of a large list."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from comparators.metrics.similarity import Similarity, compare, prepare
from comparators.recognition.similarity import best_of_blocks, paired_similarity

_ROUNDING = 1e-5


def mine_paraphrases(
    embeddings: ArrayLike,
    limit: int = 100_000,
    minimum_score: float | None = None,
    top_k: int = 100,
    similarity: Similarity = "cosine",
    block_size: int = 2048,
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the most similar pairs of a list of items, such as questions that were asked twice.

    Exact, and by blocks: memory grows with the number of items and with `limit`, not with the number of pairs.

    Args:
        embeddings: of the items `(n, dim)`.
        limit: how many pairs are returned at most.
        minimum_score: pairs that score lower are left out. None leaves out none.
        top_k: a pair counts where one of the two is among so many items most similar to the other, so that one item
            which is near to all does not fill the list. From n - 1 on, all pairs count.
        similarity: "cosine", "dot", "euclidean" or a function that takes two items in either order, see
            `similarity_matrix`.
        block_size: at most this many items are scored with this many at a time.

    Returns:
        pairs: positions of the two items, int64 `(pairs, 2)`, the lower first; each pair once.
        scores: `(pairs,)`, falling; of equal scores the pair with the lower positions comes first.

    Raises:
        ValueError: if embeddings are not a finite matrix, or a number is not positive.

    Example:
        >>> pairs, scores = mine_paraphrases([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.6, 0.8]], minimum_score=0.5)
        >>> pairs.tolist(), scores.round(2).tolist()
        ([[0, 2], [1, 3], [0, 3], [2, 3]], [1.0, 0.8, 0.6, 0.6])
    """
    for name, value in (("limit", limit), ("top_k", top_k), ("block_size", block_size)):
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    items = prepare(embeddings, similarity, "embeddings")
    k, least = min(top_k, len(items) - 1), -np.inf if minimum_score is None else minimum_score
    best = _BestPairs(limit)
    for start in range(0, len(items) if k > 0 else 0, block_size):
        blocks = _scores_with_others(items, start, similarity, block_size)
        num_rows = min(block_size, len(items) - start)
        scores, partners = best_of_blocks(blocks, num_rows, k, max(least, best.least) - _ROUNDING)
        rows, places = np.nonzero(partners >= 0)
        best.add(rows + start, partners[rows, places], scores[rows, places])
    pairs = best.pairs
    # Scores of a block are rounded otherwise in another: here equal items get equal scores.
    scores = _scores_of_pairs(items, pairs, similarity, block_size)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores))
    order = order[scores[order] >= least]
    return pairs[order], scores[order]


def _scores_of_pairs(items: np.ndarray, pairs: np.ndarray, similarity: Similarity, block_size: int) -> np.ndarray:
    blocks = [
        paired_similarity(items[block[:, 0]], items[block[:, 1]], similarity)
        for block in np.split(pairs, range(block_size, len(pairs), block_size))
        if len(block)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0, items.dtype)


def _scores_with_others(items: np.ndarray, start: int, similarity: Similarity, block_size: int) -> Iterator[np.ndarray]:
    """Yields the scores of a block of items with all, block by block; minus infinity for an item with itself."""
    rows = items[start : start + block_size]
    for first in range(0, len(items), block_size):
        scores = compare(rows, items[first : first + block_size], similarity)
        if first == start:
            scores = scores.astype(np.result_type(scores, np.float32))  # a function's matrix is its own
            np.fill_diagonal(scores, -np.inf)
        yield scores


class _BestPairs:
    """The best pairs so far, each once.

    Args:
        limit: how many are kept.

    Attributes:
        pairs: `(m, 2)`, the lower position first.
    """

    def __init__(self, limit: int):
        self.limit = limit
        self.pairs, self._scores = np.empty((0, 2), np.int64), np.empty(0, np.float32)

    @property
    def least(self) -> float:
        """Score from which on a pair may still come in."""
        return float(self._scores[-1]) if len(self._scores) == self.limit else -np.inf

    def add(self, one: np.ndarray, other: np.ndarray, scores: np.ndarray) -> None:
        """Adds pairs by the positions of their two items, which may be there already, and their scores, all `(m,)`."""
        pairs = np.column_stack([np.minimum(one, other), np.maximum(one, other)])
        pairs, scores = np.concatenate([self.pairs, pairs]), np.concatenate([self._scores, scores])
        order = np.lexsort((pairs[:, 1], pairs[:, 0], -scores))
        keys = pairs[order, 0] * (pairs.max(initial=0) + 1) + pairs[order, 1]
        kept = order[np.sort(np.unique(keys, return_index=True)[1])[: self.limit]]
        self.pairs, self._scores = pairs[kept], scores[kept]
