"""Measures of labelled embeddings by name: pairs are scored, neighbours ranked and clusters found once for all."""

import re
from collections.abc import Sequence

import numpy as np

from comparators.metrics.retrieval import partner_ranks
from comparators.metrics.similarity import Similarity
from comparators.metrics.verification import equal_error_rate, pair_scores, roc_auc

PAIR_MEASURES = {"eer": equal_error_rate, "auc": roc_auc}
RETRIEVAL_MEASURES = ("precision_at_1", "r_precision", "map_at_r")
CLUSTERING_MEASURES = ("ami", "nmi", "bcubed_f1")
MEASURES = (*PAIR_MEASURES, *RETRIEVAL_MEASURES, *CLUSTERING_MEASURES)
RECALL = re.compile(r"recall_at_([1-9]\d*)")


def check_measures(measures: Sequence[str]) -> tuple[str, ...]:
    """Returns the names as a tuple, or says which of them is none of a measure.

    Args:
        measures: names, see `embedding_measures`.

    Raises:
        TypeError: if it is one string.
        ValueError: if there is no name, or one is unknown.

    Example:
        >>> check_measures(["eer", "recall_at_5"])
        ('eer', 'recall_at_5')
    """
    if isinstance(measures, str):
        raise TypeError(f"`measures` must be a sequence of names. Received: {measures!r}. Write ({measures!r},).")
    unknown = [name for name in measures if name not in MEASURES and not RECALL.fullmatch(name)]
    if unknown or not len(measures):
        raise ValueError(
            f"`measures` must be of {', '.join(MEASURES)} or recall_at_1, recall_at_2, ... "
            f"Received: {', '.join(map(repr, unknown)) or 'none'}."
        )
    return tuple(measures)


def embedding_measures(
    embeddings: np.ndarray, labels: np.ndarray, measures: Sequence[str], similarity: Similarity = "cosine"
) -> dict[str, float]:
    """Computes measures of labelled embeddings.

    Args:
        embeddings: one row per item `(n, dim)`.
        labels: label of each item `(n,)`; at least two, and two items of one.
        measures: of all pairs: "eer", "auc"; of retrieval, where each item asks for the others of its label:
            "precision_at_1", "recall_at_k" with any number for k, "r_precision", "map_at_r"; of the k-means clusters
            (by cosine, as many as there are labels, seed 0): "ami", "nmi", "bcubed_f1". See `comparators.metrics`.
        similarity: how pairs and neighbours are scored, see `comparators.metrics.pair_scores`.

    Returns:
        Measure -> value, as shares between 0 and 1.

    Raises:
        ValueError: if the embeddings are not finite, or all zeros where they are compared by cosine.

    Example:
        >>> rows, labels = np.array([[1, 0], [1, 0.1], [0.1, 1], [0, 1]]), np.array([0, 0, 1, 1])
        >>> embedding_measures(rows, labels, ("eer", "map_at_r", "ami"))
        {'eer': 0.0, 'map_at_r': 1.0, 'ami': 1.0}
    """
    values = {}
    if wanted := [name for name in measures if name in PAIR_MEASURES]:
        trials = pair_scores(embeddings, labels, similarity)
        values |= {name: PAIR_MEASURES[name](*trials) for name in wanted}
    if wanted := [name for name in measures if name in CLUSTERING_MEASURES]:
        values |= _of_clusters(embeddings, labels, wanted)
    if wanted := [name for name in measures if name not in values]:
        values |= _of_ranks(*partner_ranks(embeddings, labels, similarity), wanted)
    return {name: values[name] for name in measures}


def _of_ranks(queries: np.ndarray, order: np.ndarray, ranks: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """As `comparators.metrics.retrieval` defines them, from one ranking: sorting is what takes the time."""
    first = ranks[order == 1]
    partners = np.bincount(queries)[queries]
    found = (ranks <= partners) / partners
    values = {
        "precision_at_1": np.mean(first <= 1),
        "r_precision": found.sum() / len(first),
        "map_at_r": (order / ranks * found).sum() / len(first),
    }
    values |= {name: np.mean(first <= int(RECALL.fullmatch(name)[1])) for name in names if name not in values}
    return {name: float(values[name]) for name in names}


def _of_clusters(embeddings: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    # scikit-learn takes a second to import, which the other measures do not need.
    from comparators.metrics.clustering import ami, bcubed, nmi
    from comparators.recognition.clustering import cluster
    from comparators.recognition.similarity_clustering import canonical_rows

    # An encoder that maps everything to one point has fewer distinct items than labels.
    num_clusters = min(len(np.unique(labels)), len(canonical_rows(embeddings, None)[0]))
    clusters = cluster(embeddings, "kmeans", num_clusters=num_clusters, seed=0)
    functions = {"ami": ami, "nmi": nmi, "bcubed_f1": lambda *partitions: bcubed(*partitions)[2]}
    return {name: functions[name](labels, clusters) for name in names}
