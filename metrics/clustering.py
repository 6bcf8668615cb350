"""Measures of clustering against true labels.

Items that a clustering left out as noise (cluster -1) count as clusters of one item each: all noise together is no
cluster, and every item is counted.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

NOISE = -1


def ami(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Adjusted mutual information: 1 for the same partition, about 0 for a random one. The default of this field.

    Args:
        labels: true label of each item `(n,)`, strings or integers.
        clusters: found cluster of each item `(n,)`; -1 is noise, each a cluster of one.

    Returns:
        The AMI, at most 1.

    Raises:
        ValueError: if the lengths differ or there is no item.

    Example:
        >>> ami(["a", "a", "b", "b"], [1, 1, 0, 0])
        1.0

    Reference:
        Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison", JMLR 2010.
    """
    return float(adjusted_mutual_info_score(*_as_codes(labels, clusters)))


def nmi(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Normalised mutual information (arithmetic mean of the entropies), not adjusted: it grows with many clusters.

    Args:
        labels: true label of each item `(n,)`, strings or integers.
        clusters: found cluster of each item `(n,)`; -1 is noise, each a cluster of one.

    Returns:
        The NMI, between 0 and 1.

    Raises:
        ValueError: if the lengths differ or there is no item.

    Example:
        >>> nmi(["a", "a", "b", "b"], [0, 0, 0, 0])
        0.0
    """
    return float(normalized_mutual_info_score(*_as_codes(labels, clusters)))


def ari(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Adjusted Rand index: agreement over pairs of items, 1 for the same partition, about 0 for a random one.

    Args:
        labels: true label of each item `(n,)`, strings or integers.
        clusters: found cluster of each item `(n,)`; -1 is noise, each a cluster of one.

    Returns:
        The ARI, at most 1.

    Raises:
        ValueError: if the lengths differ or there is no item.

    Example:
        >>> ari(["a", "a", "b", "b"], [1, 1, 0, 0])
        1.0

    Reference:
        Hubert and Arabie, "Comparing partitions", Journal of Classification 1985.
    """
    return float(adjusted_rand_score(*_as_codes(labels, clusters)))


def purity(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Share of items that have the most frequent label of their cluster. Many small clusters are pure: see `bcubed`.

    Args:
        labels: true label of each item `(n,)`, strings or integers.
        clusters: found cluster of each item `(n,)`; -1 is noise, each a cluster of one.

    Returns:
        The share, between 0 and 1.

    Raises:
        ValueError: if the lengths differ or there is no item.

    Example:
        >>> purity(["a", "a", "b", "b"], [0, 0, 0, 1])
        0.75
    """
    counts = _contingency(labels, clusters)
    return float(counts.max(axis=0).sum() / counts.sum())


def bcubed(labels: ArrayLike, clusters: ArrayLike) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1: per item, the part of its cluster that has its label, and the reverse.

    Args:
        labels: true label of each item `(n,)`, strings or integers.
        clusters: found cluster of each item `(n,)`; -1 is noise, each a cluster of one.

    Returns:
        precision, recall: means over items, the item itself counted.
        f1: the harmonic mean of the two.

    Raises:
        ValueError: if the lengths differ or there is no item.

    Example:
        >>> bcubed(["a", "a", "b", "b"], [0, 0, 0, 0])
        (0.5, 1.0, 0.6666666666666666)

    Reference:
        Bagga and Baldwin, "Entity-based cross-document coreferencing using the vector space model", COLING-ACL 1998.
    """
    counts = _contingency(labels, clusters)
    squares = counts * counts
    precision = float((squares.sum(axis=0) / counts.sum(axis=0)).sum() / counts.sum())
    recall = float((squares.sum(axis=1) / counts.sum(axis=1)).sum() / counts.sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


def _as_codes(labels: ArrayLike, clusters: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    labels, clusters = np.asarray(labels), np.asarray(clusters)
    if labels.ndim != 1 or labels.shape != clusters.shape or not labels.size:
        raise ValueError(
            "`labels` and `clusters` must be two one-dimensional arrays of one length, not empty. "
            f"Received: shapes {labels.shape} and {clusters.shape}."
        )
    noise = clusters == NOISE if clusters.dtype.kind in "iuf" else np.zeros(len(clusters), bool)
    codes = np.unique(clusters, return_inverse=True)[1]
    codes[noise] = codes.max() + 1 + np.arange(np.count_nonzero(noise))
    return np.unique(labels, return_inverse=True)[1], codes


def _contingency(labels: ArrayLike, clusters: ArrayLike) -> coo_array:
    """Number of items of each label in each cluster, sparse `(num_labels, num_clusters)`."""
    labels, clusters = _as_codes(labels, clusters)
    clusters = np.unique(clusters, return_inverse=True)[1]
    return coo_array((np.ones(len(labels)), (labels, clusters))).tocsr()
