"""Templates: what stands for a label in a comparison. All its items, their centroid, or a few centroids."""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

from comparators.metrics.similarity import Similarity, compare, prepare
from comparators.recognition.similarity import paired_similarity


@dataclass(frozen=True)
class Templates:
    """The templates of all labels, each the mean of some items of one label.

    Args:
        vectors: `(num_templates, dim)`.
        codes: label code of each template `(num_templates,)`.
        counts: of how many items each is the mean `(num_templates,)`.
        template_of_item: in which template each enrolled item is `(n,)`.

    Example:
        >>> make_templates(np.eye(2), np.array([0, 0]), "centroid", "cosine", seed=0).vectors.tolist()
        [[0.5, 0.5]]
    """

    vectors: np.ndarray
    codes: np.ndarray
    counts: np.ndarray
    template_of_item: np.ndarray


def make_templates(
    vectors: np.ndarray, codes: np.ndarray, templates: str | int, similarity: Similarity, seed: int
) -> Templates:
    """Makes the templates of each label.

    Args:
        vectors: enrolled items `(n, dim)`.
        codes: label code of each item `(n,)`, 0..num_labels-1, each at least once.
        templates: "all": each item is one; "centroid": one a label; a number: at most so many a label, found by
            k-means.
        similarity: what they will be compared with; for the cosine, items count with length 1 in a mean.
        seed: of k-means.

    Returns:
        The templates; with "all" in the order of the items, else by label.

    Example:
        >>> make_templates(np.eye(3), np.array([1, 0, 1]), "all", "cosine", seed=0).codes.tolist()
        [1, 0, 1]
    """
    vectors = prepare(vectors, similarity)
    if templates == "all":
        return Templates(vectors, codes, np.ones(len(codes), np.int64), np.arange(len(codes)))
    groups = codes if templates == "centroid" else _groups_by_kmeans(vectors, codes, templates, seed)
    counts = np.bincount(groups)
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, groups, vectors)
    first_item = np.unique(groups, return_index=True)[1]
    means = (sums / counts[:, None]).astype(vectors.dtype)
    return Templates(means, codes[first_item], counts, groups)


def leave_one_out_scores(
    vectors: np.ndarray, codes: np.ndarray, templates: Templates, similarity: Similarity, block_size: int = 1024
) -> tuple[np.ndarray, np.ndarray]:
    """How alike each enrolled item is to the rest: as a known item, and as if its label had never been enrolled.

    Args:
        vectors: enrolled items `(n, dim)`.
        codes: label code of each item `(n,)`.
        templates: made of these items.
        similarity: as in `similarity_matrix`.
        block_size: items compared at a time.

    Returns:
        known: highest similarity to any template, the item itself taken out of its own, for the items whose label has
            another one `(m,)`, m <= n.
        unknown: highest similarity to the templates of other labels `(n,)`; empty when there is only one label.

    Example:
        >>> vectors, codes = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]), np.array([0, 0, 1])
        >>> known, unknown = leave_one_out_scores(
        ...     vectors, codes, make_templates(vectors, codes, "all", "cosine", seed=0), "cosine"
        ... )
        >>> known.round(3).tolist(), unknown.round(3).tolist()
        ([0.8, 0.8], [0.0, 0.6, 0.6])
    """
    prepared, references = prepare(vectors, similarity), prepare(templates.vectors, similarity, "templates")
    by_label = np.argsort(templates.codes, kind="stable")
    starts = np.flatnonzero(np.diff(templates.codes[by_label], prepend=-1))
    position = np.argsort(by_label)[templates.template_of_item]
    own = _similarity_without_itself(prepared, templates, similarity)
    known, unknown = np.empty(len(codes)), np.empty(len(codes))
    for start in range(0, len(codes), block_size):
        block = slice(start, start + block_size)
        rows = np.arange(len(codes[block]))
        scores = compare(prepared[block], references[by_label], similarity)
        scores[rows, position[block]] = own[block]
        best = np.maximum.reduceat(scores, starts, axis=1)
        known[block] = best.max(axis=1)
        best[rows, codes[block]] = -np.inf
        unknown[block] = best.max(axis=1)
    has_others = np.bincount(codes)[codes] > 1
    return known[has_others], unknown[np.isfinite(unknown)]


def _similarity_without_itself(vectors: np.ndarray, templates: Templates, similarity: Similarity) -> np.ndarray:
    """Similarity of each item to its template made without it; minus infinity where nothing is left of it."""
    counts = templates.counts[templates.template_of_item]
    scores = np.full(len(vectors), -np.inf)
    shared = np.flatnonzero(counts > 1)
    if len(shared):
        count = counts[shared, None]
        rest = (count * templates.vectors[templates.template_of_item[shared]] - vectors[shared]) / (count - 1)
        scores[shared] = paired_similarity(vectors[shared], rest, similarity)
    return scores


def _groups_by_kmeans(vectors: np.ndarray, codes: np.ndarray, num_templates: int, seed: int) -> np.ndarray:
    groups = np.empty(len(codes), np.int64)
    num_groups = 0
    for code in range(codes.max() + 1):
        items = np.flatnonzero(codes == code)
        distinct = len(np.unique(vectors[items], axis=0))
        kmeans = KMeans(min(num_templates, distinct), n_init=4, random_state=seed)
        found = np.unique(kmeans.fit_predict(vectors[items]), return_inverse=True)[1]
        groups[items] = num_groups + found
        num_groups += found.max() + 1
    return groups
