"""Clustering by similarity to what is there already: join a cluster that is alike enough, or start one."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from comparators.metrics.similarity import unit_rows
from comparators.recognition.similarity import top_k

# The order goes by so many neighbours: of 1, 2, 3, 5 and 10, 2 and 3 were the best on recordings of speakers.
_NEIGHBOURS = 3


class SimilarityClustering(ClusterMixin, BaseEstimator):
    """Clusters items one after the other, without being told how many clusters there are. A scikit-learn clusterer.

    Each item is compared with the centroids of the clusters so far, by the cosine. Where none reaches the threshold,
    the item starts a cluster. Where one does, it joins it; where several do, the `k` most similar items of these
    clusters vote. Items are taken in an order of their own, those most alike to their nearest neighbours first, so that
    the order of the files does not matter. Equal embeddings count as one. Time grows with the square of the number of
    items, memory with the number.

    Items that cannot start a cluster, such as recordings with too little speech, change nothing: at the end they get
    the label of the cluster with the most similar centroid if it reaches the threshold, else -1.

    Args:
        threshold: cosine from which on an item is taken for one of a cluster, in (-1, 1). What is right depends on the
            model; a threshold fitted on pairs is a start, `cluster` finds one.
        k: how many items vote.
        block_size: items compared with all others at a time.

    Attributes:
        labels_: cluster of each item `(n,)`; 0 is the largest cluster, -1 is none.
        n_features_in_: dimension of the embeddings.

    Example:
        >>> SimilarityClustering(threshold=0.8).fit_predict([[1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9], [1, 0.1]]).tolist()
        [0, 1, 0, 1, 0]
    """

    def __init__(self, threshold: float = 0.7, k: int = 5, block_size: int = 512):
        self.threshold = threshold
        self.k = k
        self.block_size = block_size

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
        if not -1 < self.threshold < 1:
            raise ValueError(f"`threshold` must be a cosine between -1 and 1. Received: threshold={self.threshold}.")
        vectors = validate_data(self, X, dtype=[np.float32, np.float64])
        units, row_of_item, can_start = canonical_rows(vectors, can_start)
        starters = np.flatnonzero(can_start)
        nearest = top_k(units[starters], units[starters], _NEIGHBOURS + 1, block_size=self.block_size)[0][:, 1:]
        if nearest.shape[1]:
            starters = starters[np.argsort(-nearest.mean(axis=1), kind="stable")]
        labels = np.full(len(units), -1)
        labels[starters] = _join_or_start(units[starters], self.threshold, self.k, self.block_size)
        labels[~can_start] = nearest_centroid(units[~can_start], centroids_of(units, labels), self.threshold)
        self.labels_ = largest_first(labels, row_of_item)
        return self


def canonical_rows(vectors: np.ndarray, can_start: ArrayLike | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit rows in an order that does not depend on that of the items, each only once.

    Args:
        vectors: `(n, dim)`.
        can_start: mask `(n,)`, or None for all.

    Returns:
        units: the distinct rows, scaled to length 1 and sorted `(m, dim)`.
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
    units, row_of_item = np.unique(unit_rows(vectors), axis=0, return_inverse=True)
    row_of_item = row_of_item.reshape(-1)
    return units, row_of_item, np.bincount(row_of_item, can_start) > 0


def centroids_of(units: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean directions of clusters.

    Args:
        units: rows of length 1 `(m, dim)`.
        labels: cluster of each, 0..num_clusters-1, or -1 for none `(m,)`.

    Returns:
        `(num_clusters, dim)`, of length 1; the first item where those of a cluster cancel out.

    Example:
        >>> centroids_of(np.eye(2), np.array([0, -1])).tolist()
        [[1.0, 0.0]]
    """
    sums = np.zeros((labels.max() + 1, units.shape[1]))
    np.add.at(sums, labels[labels >= 0], units[labels >= 0])
    cancelled = ~sums.any(axis=1)
    sums[cancelled] = units[np.unique(labels[labels >= 0], return_index=True)[1]][cancelled]
    return unit_rows(sums).astype(units.dtype)


def nearest_centroid(units: np.ndarray, centroids: np.ndarray, threshold: float) -> np.ndarray:
    """The cluster that each row is most alike to, if it is alike enough.

    Args:
        units: rows of length 1 `(m, dim)`.
        centroids: `(num_clusters, dim)`, at least one.
        threshold: lowest cosine.

    Returns:
        Clusters `(m,)`, -1 for none.

    Example:
        >>> nearest_centroid(np.array([[0.8, 0.6], [0.0, -1.0]]), np.eye(2), 0.5).tolist()
        [0, -1]
    """
    scores, best = top_k(units, centroids, k=1)
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


def _join_or_start(units: np.ndarray, threshold: float, k: int, block_size: int) -> np.ndarray:
    """The procedure. Similarities to a centroid are sums of those to its items, so one product a block serves all."""
    labels = np.empty(len(units), np.int64)
    squared_norms = np.empty(len(units))
    num_clusters = 0
    for start in range(0, len(units), block_size):
        block = units[start : start + block_size] @ units[: start + block_size].T
        for item, scores in enumerate(block, start):
            scores, before = scores[:item], labels[:item]
            sums = np.bincount(before, scores, minlength=num_clusters)
            alike = sums >= threshold * np.sqrt(np.maximum(squared_norms[:num_clusters], 0))
            candidates = np.flatnonzero(alike)
            if not len(candidates):
                labels[item] = num_clusters
                squared_norms[num_clusters] = 1
                num_clusters += 1
                continue
            chosen = candidates[0] if len(candidates) == 1 else _vote(scores, before, alike, k)
            labels[item] = chosen
            squared_norms[chosen] += 2 * sums[chosen] + 1
    return labels


def _vote(scores: np.ndarray, labels: np.ndarray, alike: np.ndarray, k: int) -> int:
    """The cluster most frequent among the k most similar items; of equal ones that of the more similar items."""
    items = np.flatnonzero(alike[labels])
    if len(items) > k:
        items = items[np.argpartition(-scores[items], k - 1)[:k]]
    items = items[np.argsort(-scores[items], kind="stable")]
    return int(np.bincount(labels[items], 1 + 1e-9 * np.arange(len(items), 0, -1)).argmax())
