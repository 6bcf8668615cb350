"""Clusters of unlabelled embeddings, by whichever method suits."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from sklearn.cluster import HDBSCAN, KMeans, SpectralClustering
from sklearn.metrics import silhouette_score

from comparators.metrics.similarity import Similarity, as_embeddings
from comparators.recognition.cluster_count import average_linkage, best_count, labels_at
from comparators.recognition.similarity import paired_similarity, similarity_matrix, top_k
from comparators.recognition.similarity_clustering import (
    SimilarityClustering,
    canonical_rows,
    centroids_of,
    check_clustering_threshold,
    largest_first,
    nearest_centroid,
)

METHODS = ("similarity", "agglomerative", "hdbscan", "spectral", "kmeans")
_NEIGHBOURS = 10
_MAX_ROWS_FOR_A_THRESHOLD = 1000


def cluster(
    embeddings: ArrayLike,
    method: str = "agglomerative",
    num_clusters: int | None = None,
    threshold: float | None = None,
    can_start: ArrayLike | None = None,
    min_cluster_size: int = 2,
    seed: int = 0,
    similarity: Similarity = "cosine",
) -> np.ndarray:
    """Clusters items by how alike their embeddings are, whatever order they come in.

    - "agglomerative" joins the two clusters with the highest mean similarity, until there are `num_clusters`, or no
      mean reaches `threshold`, or, given neither, at the number with the best silhouette. The first choice up to
      10,000 items.
    - "similarity", see `SimilarityClustering`, takes `threshold`, or finds that with the best silhouette. For many
      items.
    - "hdbscan" finds clusters of at least `min_cluster_size` items, and leaves out what belongs to none.
    - "spectral" and "kmeans" take `num_clusters`, or the number that "agglomerative" finds.

    "agglomerative", "hdbscan" and a number to be found hold all distances: 0.3 GB for 5,000 items, 5 GB for 20,000; the
    rest goes by blocks. A number found is at least 2: a silhouette cannot say that everything is one cluster.

    Args:
        embeddings: `(n, dim)`.
        method: one of the above.
        num_clusters: how many clusters to make.
        threshold: from which similarity on items are alike.
        can_start: False for items that must not start or change a cluster, such as recordings with too little speech
            `(n,)`; they get the most similar cluster, if it is alike enough (with the threshold of "similarity"; else
            as alike as 95 % of all items are to their own cluster), or -1.
        min_cluster_size: for "hdbscan", smaller groups are noise.
        seed: of "kmeans" and "spectral".
        similarity: "cosine", or a function from `(n, dim)` and `(m, dim)` to `(n, m)` scores of at most 1, such as the
            `scorer` of a siamese network. "kmeans" knows the cosine alone.

    Returns:
        Cluster of each item `(n,)` int64: 0 is the largest, -1 is none.

    Raises:
        ValueError: if the embeddings are not a finite matrix, the method is unknown or does not take what is given, or
            there are too few items to find what is not given.

    Example:
        >>> cluster([[1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9], [1, 0.1]], "agglomerative", num_clusters=2).tolist()
        [0, 1, 0, 1, 0]
    """
    _check_arguments(method, num_clusters, threshold, min_cluster_size, similarity)
    vectors = as_embeddings(embeddings, "embeddings")
    if not len(vectors):
        raise ValueError(f"There must be at least one item to cluster. Received: shape {vectors.shape}.")
    all_rows, row_of_item, starts = canonical_rows(vectors, can_start, similarity)
    rows = all_rows[starts]
    if num_clusters is not None and num_clusters > len(rows):
        raise ValueError(
            f"`num_clusters` must be at most the number of different items that can start a cluster, {len(rows)}. "
            f"Received: num_clusters={num_clusters}."
        )
    if method == "similarity":
        threshold = _best_threshold(rows, similarity) if threshold is None else threshold
        clustering = SimilarityClustering(threshold, similarity=similarity)
        return largest_first(clustering.fit_predict(all_rows, can_start=starts), row_of_item)
    labels = np.full(len(all_rows), -1)
    if method == "agglomerative":
        labels[starts] = _agglomerative(rows, num_clusters, threshold, similarity)
    elif method == "hdbscan":
        labels[starts] = _hdbscan(rows, min_cluster_size, similarity)
    else:
        if num_clusters is None:
            num_clusters = int(_agglomerative(rows, None, None, similarity).max()) + 1
        labels[starts] = (
            _kmeans(rows, num_clusters, seed) if method == "kmeans" else _spectral(rows, num_clusters, seed, similarity)
        )
    inside = labels >= 0
    if inside.any() and not starts.all():
        centroids = centroids_of(all_rows, labels, similarity)
        own = paired_similarity(all_rows[inside], centroids[labels[inside]], similarity)
        labels[~starts] = nearest_centroid(all_rows[~starts], centroids, np.quantile(own, 0.05), similarity)
    return largest_first(labels, row_of_item)


def _agglomerative(
    rows: np.ndarray, num_clusters: int | None, threshold: float | None, similarity: Similarity
) -> np.ndarray:
    if len(rows) == 1:
        return np.zeros(1, np.int64)
    if num_clusters is None and threshold is None:
        _check_enough(rows)
    distances = _distances(rows, similarity)
    merges = average_linkage(distances)
    if threshold is not None:
        num_clusters = len(rows) - int(np.count_nonzero(merges[:, 2] <= 1 - threshold))
    elif num_clusters is None:
        num_clusters = best_count(merges, distances)
    return labels_at(merges, num_clusters)


def _hdbscan(rows: np.ndarray, min_cluster_size: int, similarity: Similarity) -> np.ndarray:
    if len(rows) < min_cluster_size:
        return np.full(len(rows), -1)
    distances = _distances(rows, similarity).astype(np.float64)
    return HDBSCAN(min_cluster_size, metric="precomputed", copy=False).fit_predict(distances)


def _spectral(rows: np.ndarray, num_clusters: int, seed: int, similarity: Similarity) -> np.ndarray:
    """On the graph of nearest neighbours, each edge with its similarity, and none below zero."""
    if num_clusters in (1, len(rows)):
        return np.arange(len(rows)) % num_clusters
    scores, neighbours = top_k(rows, rows, _NEIGHBOURS + 1, similarity)
    numbers = np.arange(len(rows), dtype=np.int32)
    # Faint edges to one row hold the graph together, which the eigenvectors need.
    ends = np.concatenate([neighbours, np.zeros((len(rows), 1), np.int64)], axis=1).astype(np.int32)
    weights = np.concatenate([np.maximum(scores, 0), np.full((len(rows), 1), 1e-4)], axis=1).astype(np.float64)
    edges = (np.repeat(numbers, ends.shape[1]), ends.ravel())
    graph = coo_array((weights.ravel(), edges), shape=(len(rows), len(rows))).tocsr()
    graph = (graph + graph.T) / 2
    spectral = SpectralClustering(num_clusters, affinity="precomputed", assign_labels="cluster_qr", random_state=seed)
    return spectral.fit_predict(graph)


def _kmeans(rows: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
    return KMeans(num_clusters, n_init=4, random_state=seed).fit_predict(rows)


def _best_threshold(rows: np.ndarray, similarity: Similarity) -> float:
    """The threshold with the best silhouette, of 16 from the median similarity to that of the nearest neighbours."""
    _check_enough(rows)
    rows = rows[:: int(np.ceil(len(rows) / _MAX_ROWS_FOR_A_THRESHOLD))]
    distances = _distances(rows, similarity)
    similarities = 1 - distances[np.triu_indices(len(rows), 1)]
    nearest = top_k(rows, rows, 2, similarity)[0][:, 1]
    thresholds = np.clip(np.linspace(np.median(similarities), np.median(nearest), 16), -0.99, 0.99)
    silhouettes = []
    for threshold in thresholds:
        labels = SimilarityClustering(threshold, similarity=similarity).fit_predict(rows)
        usable = 0 < labels.max() < len(rows) - 1
        silhouettes.append(silhouette_score(distances, labels, metric="precomputed") if usable else -1.0)
    return float(thresholds[int(np.argmax(silhouettes))])


def _distances(rows: np.ndarray, similarity: Similarity) -> np.ndarray:
    similarities = similarity_matrix(rows, similarity=similarity)
    if similarities.max() > 1:
        raise ValueError(
            "To cluster, a similarity must be at most 1, that of a thing with itself. "
            f"Received: scores of up to {similarities.max():.3g}. Use the cosine, or a probability."
        )
    distances = 1 - similarities
    np.fill_diagonal(distances, 0)
    return distances


def _check_enough(rows: np.ndarray) -> None:
    if len(rows) < 3:
        raise ValueError(
            f"Without `num_clusters` or `threshold` there must be at least 3 different items. Received: {len(rows)}. "
            "Give one of the two."
        )


def _check_arguments(
    method: str, num_clusters: int | None, threshold: float | None, min_cluster_size: int, similarity: Similarity
) -> None:
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}. Received: method={method!r}.")
    if num_clusters is not None and threshold is not None:
        raise ValueError(
            f"Give `num_clusters` or `threshold`, not both. Received: num_clusters={num_clusters}, "
            f"threshold={threshold}."
        )
    if num_clusters is not None and method in ("similarity", "hdbscan"):
        raise ValueError(
            f'"{method}" finds the number of clusters itself. Received: num_clusters={num_clusters}. '
            'Use method="agglomerative" for a number.'
        )
    if threshold is not None and method not in ("similarity", "agglomerative"):
        raise ValueError(
            f'"{method}" has no threshold. Received: threshold={threshold}. Use method="similarity" or "agglomerative".'
        )
    if num_clusters is not None and num_clusters < 1:
        raise ValueError(f"`num_clusters` must be positive. Received: num_clusters={num_clusters}.")
    check_clustering_threshold(0.0 if threshold is None else threshold, similarity)
    if method == "kmeans" and similarity != "cosine":
        raise ValueError(
            f'"kmeans" knows the cosine alone. Received: similarity={similarity!r}. Use method="agglomerative" or '
            '"spectral".'
        )
    if min_cluster_size < 2:
        raise ValueError(f"`min_cluster_size` must be at least 2. Received: min_cluster_size={min_cluster_size}.")
