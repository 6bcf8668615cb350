"""How many clusters there are, where nobody says: the cut with the best silhouette."""

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform


def average_linkage(distances: np.ndarray) -> np.ndarray:
    """Joins the two clusters with the lowest mean distance, again and again.

    Args:
        distances: `(n, n)`, symmetric, zeros on the diagonal, n >= 2.

    Returns:
        merges `(n - 1, 4)` as SciPy's `linkage` has them: the two clusters, their distance, the size.

    Example:
        >>> average_linkage(np.array([[0.0, 1, 4], [1, 0, 6], [4, 6, 0]]))[:, 2].tolist()
        [1.0, 5.0]
    """
    return linkage(squareform(distances, checks=False), "average")


def labels_at(merges: np.ndarray, num_clusters: int) -> np.ndarray:
    """Clusters after all but the last merges.

    Args:
        merges: as `average_linkage` returns them `(n - 1, 4)`.
        num_clusters: 1..n.

    Returns:
        Cluster of each item `(n,)`, 0..num_clusters-1.

    Example:
        >>> labels_at(average_linkage(np.array([[0.0, 1, 4], [1, 0, 6], [4, 6, 0]])), 2).tolist()
        [0, 0, 1]
    """
    num_items = len(merges) + 1
    item_of = np.arange(2 * num_items - 1)
    for number, cluster in enumerate(merges[:, 0].astype(np.int64), num_items):
        item_of[number] = item_of[cluster]
    edges = item_of[merges[: num_items - num_clusters, :2].astype(np.int64)]
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(num_items, num_items))
    return connected_components(graph, directed=False)[1]


def best_count(merges: np.ndarray, distances: np.ndarray) -> int:
    """Finds the number of clusters, 2 to half of the items, at which the mean silhouette is highest.

    All numbers up to 50 are looked at, and above in steps of 4 %. An item alone in its cluster has silhouette 0.

    Args:
        merges: as `average_linkage` returns them `(n - 1, 4)`, n >= 3.
        distances: that they were made of `(n, n)`.

    Returns:
        The number of clusters; of equally good ones the lower.

    Example:
        >>> points = np.array([0.0, 1, 10, 11, 20, 21])
        >>> distances = abs(points[:, None] - points)
        >>> best_count(average_linkage(distances), distances)
        3

    Reference:
        Rousseeuw (1987), Silhouettes: a graphical aid to the interpretation and validation of cluster analysis.
    """
    highest = max(2, len(distances) // 2)
    steps = np.geomspace(2, highest, 1 + int(np.log(highest) / 0.04)).astype(int)
    counts = sorted({*range(2, min(50, highest) + 1), *steps.tolist()}, reverse=True)
    sums, labels = distances, np.arange(len(distances))
    silhouettes = []
    for count in counts:
        coarser = labels_at(merges, count)
        group = np.empty(len(sums), np.int64)
        group[labels] = coarser
        sums, labels = _sums_by_group(sums, group), coarser
        silhouettes.append(_mean_silhouette(sums, labels))
    return counts[len(counts) - 1 - int(np.argmax(silhouettes[::-1]))]


def _sums_by_group(rows: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Sums the rows of each group `(num_groups, n)`."""
    members = (np.ones(len(group), rows.dtype), (group, np.arange(len(group))))
    return coo_array(members, shape=(group.max() + 1, len(group))).tocsr() @ rows


def _mean_silhouette(sums: np.ndarray, labels: np.ndarray) -> float:
    """From the sum of the distances of each cluster to each item `(num_clusters, n)`."""
    sizes, items = np.bincount(labels), np.arange(len(labels))
    own_size = sizes[labels]
    own = sums[labels, items] / np.maximum(own_size - 1, 1)
    means = sums / sizes.astype(sums.dtype)[:, None]
    means[labels, items] = np.inf
    nearest = means.min(axis=0)
    larger = np.maximum(own, nearest)
    silhouette = (nearest - own) / np.where(larger > 0, larger, 1)
    return float(np.where(own_size > 1, silhouette, 0).mean())
