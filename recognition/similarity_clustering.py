"""Clustering by similarity to what is there already: join a cluster that is alike enough, or start one."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from comparators.metrics.similarity import Similarity, compare, prepare, unit_rows
from comparators.recognition.similarity import top_k

# The order goes by so many neighbours: of 1, 2, 3, 5 and 10, 2 and 3 were the best on recordings of speakers.
_NEIGHBOURS = 3


class SimilarityClustering(ClusterMixin, BaseEstimator):
    """Clusters items one after the other, without being told how many clusters there are. A scikit-learn clusterer.

    Each item is compared with the centroids of the clusters so far. Where none reaches the threshold, the item starts a
    cluster. Where one does, it joins it; where several do, the `k` most similar items of these clusters vote. Items are
    taken in an order of their own, those most alike to their nearest neighbours first, so that the order of the files
    does not matter. Equal embeddings count as one. Time grows with the square of the number of items, memory with the
    number.

    Items that cannot start a cluster, such as recordings with too little speech, change nothing: at the end they get
    the label of the cluster with the most similar centroid if it reaches the threshold, else -1.

    Args:
        threshold: similarity from which on an item is taken for one of a cluster; a cosine lies in (-1, 1). What is
            right depends on the model; a threshold fitted on pairs is a start, `cluster` finds one.
        k: how many items vote.
        block_size: items compared with all others at a time.
        similarity: "cosine", or a function from `(n, dim)` and `(m, dim)` to `(n, m)` scores, higher for more alike,
            such as the `scorer` of a siamese network: a probability, for which a threshold of .5 says what it means.

    Attributes:
        labels_: cluster of each item `(n,)`; 0 is the largest cluster, -1 is none.
        n_features_in_: dimension of the embeddings.

    Example:
        >>> SimilarityClustering(threshold=0.8).fit_predict([[1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9], [1, 0.1]]).tolist()
        [0, 1, 0, 1, 0]
    """

    def __init__(self, threshold: float = 0.7, k: int = 5, block_size: int = 512, similarity: Similarity = "cosine"):
        self.threshold = threshold
        self.k = k
        self.block_size = block_size
        self.similarity = similarity

    def fit(self, X: ArrayLike, y: None = None, can_start: ArrayLike | None = None) -> "SimilarityClustering":
        """Clusters items.

        Args:
            X: embeddings `(n, dim)`.
            y: not used.
            can_start: False for items that must not start or change a cluster `(n,)`; None is True for all.

        Returns:
            This clusterer.

        Raises:
            ValueError: if an argument is not as described, or no item can start a cluster.
        """
        for name, value in (("k", self.k), ("block_size", self.block_size)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
        check_clustering_threshold(self.threshold, self.similarity)
        vectors = validate_data(self, X, dtype=[np.float32, np.float64])
        rows, row_of_item, can_start = canonical_rows(vectors, can_start, self.similarity)
        starters = np.flatnonzero(can_start)
        scores, _ = top_k(rows[starters], rows[starters], _NEIGHBOURS + 1, self.similarity, self.block_size)
        if scores.shape[1] > 1:
            starters = starters[np.argsort(-scores[:, 1:].mean(axis=1), kind="stable")]
        labels = np.full(len(rows), -1)
        labels[starters] = self._join_or_start(rows[starters])
        centroids = centroids_of(rows, labels, self.similarity)
        labels[~can_start] = nearest_centroid(rows[~can_start], centroids, self.threshold, self.similarity)
        self.labels_ = largest_first(labels, row_of_item)
        return self

    def _join_or_start(self, rows: np.ndarray) -> np.ndarray:
        """The procedure, on rows in their order."""
        labels = np.empty(len(rows), np.int64)
        clusters = _Clusters(rows, self.similarity)
        for start in range(0, len(rows), self.block_size):
            end = min(start + self.block_size, len(rows))
            block = compare(rows[start:end], rows[:end], self.similarity)
            for item, scores in enumerate(block, start):
                alike = clusters.scores(rows[item]) >= self.threshold
                candidates = np.flatnonzero(alike)
                if len(candidates) < 2:
                    labels[item] = candidates[0] if len(candidates) else clusters.count
                else:
                    labels[item] = _vote(scores[:item], labels[:item], alike, self.k)
                clusters.add(rows[item], labels[item])
        return labels


class _Clusters:
    """The clusters so far: sums and sizes, from which the centroids follow."""

    def __init__(self, rows: np.ndarray, similarity: Similarity):
        self.sums = np.zeros(rows.shape)
        self.sizes = np.zeros((len(rows), 1))
        self.count = 0
        self.similarity = similarity

    def scores(self, row: np.ndarray) -> np.ndarray:
        """Returns the similarity of a row to the centroid of each cluster, `(count,)`."""
        sums = self.sums[: self.count]
        if self.similarity == "cosine":
            return sums @ row / np.maximum(np.sqrt(np.einsum("nd,nd->n", sums, sums)), 1e-12)
        return self.similarity(row[None], sums / self.sizes[: self.count])[0] if self.count else np.zeros(0)

    def add(self, row: np.ndarray, cluster: int) -> None:
        """Adds a row to a cluster, or to a new one, whose number is `count`."""
        self.sums[cluster] += row
        self.sizes[cluster] += 1
        self.count = max(self.count, cluster + 1)


def check_clustering_threshold(threshold: float, similarity: Similarity) -> None:
    """Raises a ValueError for a threshold that is no cosine, where the similarity is one.

    Example:
        >>> check_clustering_threshold(0.5, "cosine")
    """
    if similarity == "cosine" and not -1 < threshold < 1:
        raise ValueError(f"`threshold` must be a cosine between -1 and 1. Received: threshold={threshold}.")
    if similarity != "cosine" and not callable(similarity):
        raise ValueError(
            '`similarity` must be "cosine", or a function such as the `scorer` of a siamese network. '
            f"Received: similarity={similarity!r}."
        )


def canonical_rows(
    vectors: np.ndarray, can_start: ArrayLike | None, similarity: Similarity = "cosine"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows in an order that does not depend on that of the items, each only once.

    Args:
        vectors: `(n, dim)`.
        can_start: mask `(n,)`, or None for all.
        similarity: for the cosine, rows are scaled to length 1.

    Returns:
        rows: the distinct rows, sorted `(m, dim)`.
        row_of_item: which of them each item is `(n,)`.
        can_start: whether any of the items of each row can start a cluster `(m,)`.

    Raises:
        ValueError: if `can_start` is no mask of n items, or False for all.

    Example:
        >>> canonical_rows(np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), None)[1].tolist()
        [1, 0, 1]
    """
    can_start = np.ones(len(vectors), bool) if can_start is None else np.asarray(can_start)
    if can_start.shape != (len(vectors),) or can_start.dtype != bool:
        raise ValueError(
            f"`can_start` must be True or False for each of the {len(vectors)} items. "
            f"Received: shape {can_start.shape}, {can_start.dtype}."
        )
    if not can_start.any():
        raise ValueError("At least one item must be able to start a cluster. Received: `can_start` is False for all.")
    rows, row_of_item = np.unique(prepare(vectors, similarity), axis=0, return_inverse=True)
    row_of_item = row_of_item.reshape(-1)
    return rows, row_of_item, np.bincount(row_of_item, can_start) > 0


def centroids_of(rows: np.ndarray, labels: np.ndarray, similarity: Similarity = "cosine") -> np.ndarray:
    """Mean directions of clusters; with another similarity than the cosine, their means.

    Args:
        rows: as `canonical_rows` returns them `(m, dim)`.
        labels: cluster of each, 0..num_clusters-1, or -1 for none `(m,)`.
        similarity: as for `canonical_rows`.

    Returns:
        `(num_clusters, dim)`; the first item where those of a cluster cancel out.

    Example:
        >>> centroids_of(np.eye(2), np.array([0, -1])).tolist()
        [[1.0, 0.0]]
    """
    inside = labels >= 0
    sums = np.zeros((labels.max() + 1, rows.shape[1]))
    np.add.at(sums, labels[inside], rows[inside])
    if similarity != "cosine":
        return (sums / np.bincount(labels[inside])[:, None]).astype(rows.dtype)
    cancelled = ~sums.any(axis=1)
    sums[cancelled] = rows[inside][np.unique(labels[inside], return_index=True)[1]][cancelled]
    return unit_rows(sums).astype(rows.dtype)


def nearest_centroid(
    rows: np.ndarray, centroids: np.ndarray, threshold: float, similarity: Similarity = "cosine"
) -> np.ndarray:
    """The cluster that each row is most alike to, if it is alike enough.

    Args:
        rows: as `canonical_rows` returns them `(m, dim)`.
        centroids: `(num_clusters, dim)`, at least one.
        threshold: lowest similarity.
        similarity: as for `canonical_rows`.

    Returns:
        Clusters `(m,)`, -1 for none.

    Example:
        >>> nearest_centroid(np.array([[0.8, 0.6], [0.0, -1.0]]), np.eye(2), 0.5).tolist()
        [0, -1]
    """
    scores, best = top_k(rows, centroids, 1, similarity)
    return np.where(scores[:, 0] >= threshold, best[:, 0], -1)


def largest_first(labels: np.ndarray, row_of_item: np.ndarray) -> np.ndarray:
    """Labels of the items, 0 for the largest cluster; of equal ones that with the first row comes first.

    Args:
        labels: cluster of each row, -1 for none `(m,)`.
        row_of_item: which row each item is `(n,)`.

    Returns:
        `(n,)` int64.

    Example:
        >>> largest_first(np.array([5, -1, 3]), np.array([0, 1, 2, 2])).tolist()
        [1, -1, 0, 0]
    """
    clusters, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    sizes = np.bincount(codes.reshape(-1)[row_of_item], minlength=len(clusters))
    rank = np.empty(len(clusters), np.int64)
    rank[np.lexsort((first, -sizes, clusters < 0))] = np.arange(len(clusters))
    return np.where(labels < 0, -1, rank[codes.reshape(-1)])[row_of_item]


def _vote(scores: np.ndarray, labels: np.ndarray, alike: np.ndarray, k: int) -> int:
    """The cluster most frequent among the k most similar items; of equal ones that of the more similar items."""
    items = np.flatnonzero(alike[labels])
    if len(items) > k:
        items = items[np.argpartition(-scores[items], k - 1)[:k]]
    items = items[np.argsort(-scores[items], kind="stable")]
    return int(np.bincount(labels[items], 1 + 1e-9 * np.arange(len(items), 0, -1)).argmax())
