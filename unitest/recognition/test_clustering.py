import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score

from comparators.recognition.cluster_count import average_linkage, best_count, labels_at
from comparators.recognition.clustering import METHODS, cluster
from comparators.recognition.pair_probability import PairProbability
from comparators.recognition.similarity import cosine_similarity_matrix
from comparators.recognition.similarity_clustering import SimilarityClustering


def voices(num_labels=8, num_items=10, noise=0.4, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_labels), num_items)
    return (rng.normal(size=(num_labels, 16))[labels] + noise * rng.normal(size=(len(labels), 16))).astype(
        np.float32
    ), labels


def distances_of(vectors):
    distances = (1 - cosine_similarity_matrix(vectors)).astype(np.float64)
    np.fill_diagonal(distances, 0)
    return np.maximum(distances, 0)


@pytest.mark.parametrize("method", METHODS)
def test_finds_the_clusters_and_their_number(method):
    vectors, labels = voices()
    found = cluster(vectors, method)
    assert found.dtype == np.int64
    assert adjusted_rand_score(labels, found) == 1


@pytest.mark.parametrize("method", METHODS)
def test_order_of_the_items_does_not_matter(method):
    vectors, _ = voices(noise=1.2)
    vectors = np.concatenate([vectors, vectors[:5]])
    order = np.random.default_rng(0).permutation(len(vectors))
    can_start = np.arange(len(vectors)) % 7 > 0
    found = cluster(vectors, method, can_start=can_start)
    np.testing.assert_array_equal(cluster(vectors[order], method, can_start=can_start[order]), found[order])
    np.testing.assert_array_equal(found[-5:], found[:5])
    sizes = np.bincount(found[found >= 0])
    assert (np.diff(sizes) <= 0).all()


@pytest.mark.parametrize("method", ["agglomerative", "spectral", "kmeans"])
def test_number_given(method):
    vectors, labels = voices()
    for num_clusters in (1, 2, 5, 8, 80):
        assert cluster(vectors, method, num_clusters=num_clusters).max() + 1 == num_clusters
    assert adjusted_rand_score(labels, cluster(vectors, method, num_clusters=8)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_short_items_never_start_a_cluster(method):
    vectors, labels = voices()
    can_start = np.arange(len(labels)) % 10 > 0
    stranger = -vectors.mean(axis=0, keepdims=True)
    found = cluster(np.concatenate([vectors, stranger]), method, can_start=np.append(can_start, False))
    assert adjusted_rand_score(cluster(vectors[can_start], method), found[:-1][can_start]) == 1
    assert found[-1] == -1
    assert (found[:-1][~can_start] == found[:-1][can_start][::9])[found[:-1][~can_start] >= 0].all()


def test_agglomerative_agrees_with_scikit_learn():
    vectors, _ = voices(noise=1.0)
    distances = distances_of(vectors)
    for num_clusters in (3, 10, 30):
        reference = AgglomerativeClustering(num_clusters, metric="precomputed", linkage="average").fit_predict(
            distances
        )
        assert adjusted_rand_score(reference, cluster(vectors, "agglomerative", num_clusters=num_clusters)) == 1
    for threshold in (0.2, 0.5):
        reference = fcluster(average_linkage(distances), 1 - threshold, "distance")
        assert adjusted_rand_score(reference, cluster(vectors, "agglomerative", threshold=threshold)) == 1


def test_best_count_is_that_of_scikit_learns_silhouette():
    for seed in range(3):
        distances = distances_of(voices(noise=1.0, seed=seed)[0])
        merges = average_linkage(distances)
        counts = range(2, len(distances) // 2 + 1)
        silhouettes = [silhouette_score(distances, labels_at(merges, count), metric="precomputed") for count in counts]
        assert best_count(merges, distances) == counts[int(np.argmax(silhouettes))]


def test_noise_is_left_out_by_hdbscan():
    vectors, labels = voices()
    noise = np.random.default_rng(1).normal(size=(6, 16))
    found = cluster(np.concatenate([vectors, noise]), "hdbscan", min_cluster_size=5)
    assert (found[-6:] == -1).sum() >= 4
    assert adjusted_rand_score(labels, found[:-6]) > 0.8
    assert (cluster(vectors[:3], "hdbscan", min_cluster_size=5) == -1).all()


def test_one_item():
    assert cluster([[1.0, 2.0]], "similarity", threshold=0.5).tolist() == [0]
    assert cluster([[1.0, 2.0]], "agglomerative", num_clusters=1).tolist() == [0]
    assert cluster([[1.0, 2.0], [1.0, 2.0]], "agglomerative", threshold=0.5).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "dbscan"}, r"`method` must be one of .* Received: method='dbscan'"),
        ({"method": "agglomerative", "num_clusters": 2, "threshold": 0.5}, "`num_clusters` or `threshold`, not both"),
        (
            {"method": "similarity", "num_clusters": 2},
            r'"similarity" finds the number of clusters itself.* Use method="agglomerative" for a number',
        ),
        ({"method": "hdbscan", "num_clusters": 2}, '"hdbscan" finds the number of clusters itself'),
        ({"method": "kmeans", "threshold": 0.5}, r'"kmeans" has no threshold\. Received: threshold=0\.5'),
        ({"method": "kmeans", "num_clusters": 0}, "`num_clusters` must be positive"),
        (
            {"method": "kmeans", "num_clusters": 81},
            r"at most the number of different items .*, 80\. Received: num_clusters=81",
        ),
        ({"threshold": 1.0}, "`threshold` must be a cosine between -1 and 1"),
        ({"method": "hdbscan", "min_cluster_size": 1}, "`min_cluster_size` must be at least 2"),
        ({"can_start": [True]}, "`can_start` must be True or False for each of the 80 items"),
    ],
)
def test_messages(arguments, message):
    with pytest.raises(ValueError, match=message):
        cluster(voices()[0], **arguments)


def test_messages_of_embeddings():
    with pytest.raises(ValueError, match="`embeddings` must be finite"):
        cluster([[np.nan, 1.0]])
    with pytest.raises(ValueError, match="at least one item to cluster"):
        cluster(np.empty((0, 3)))
    for method in ("similarity", "agglomerative", "kmeans"):
        with pytest.raises(ValueError, match=r"at least 3 different items\. Received: 2\. Give one of the two"):
            cluster(np.eye(2), method)


HEAD = PairProbability("euclidean", [20.0], 16.0)


@pytest.mark.parametrize("method", ["similarity", "agglomerative", "hdbscan", "spectral"])
def test_the_probability_of_a_siamese_head_clusters(method):
    vectors = np.random.default_rng(0).normal(np.repeat(4 * np.eye(6)[:3], 12, axis=0), 0.2)
    labels = np.repeat(np.arange(3), 12)
    number = {"num_clusters": 3} if method == "spectral" else {}
    clusters = cluster(vectors, method, similarity=HEAD, **number)
    pure = [len(set(labels[clusters == found])) == 1 for found in set(clusters) - {-1}]
    assert pure
    assert all(pure)
    assert method == "hdbscan" or clusters.max() == 2  # HDBSCAN splits what is equally alike


def test_a_head_takes_a_probability_for_its_threshold():
    vectors = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]
    assert cluster(vectors, "similarity", threshold=0.5, similarity=HEAD).tolist() == [0, 0, 1]
    assert SimilarityClustering(0.5, similarity=HEAD).fit_predict(vectors).tolist() == [0, 0, 1]


def test_items_that_cannot_start_join_by_the_head_too():
    vectors = [[1.0, 0.0], [0.95, 0.1], [0.9, 0.2], [0.0, 1.0]]
    starts = [True, True, False, False]
    found = cluster(vectors, "similarity", threshold=0.5, can_start=starts, similarity=HEAD)
    assert found.tolist() == [0, 0, 0, -1]


def test_similarities_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'"kmeans" knows the cosine alone'):
        cluster(np.eye(4), "kmeans", num_clusters=2, similarity=HEAD)
    with pytest.raises(ValueError, match=r"a similarity must be at most 1"):
        cluster(3 * np.eye(4), similarity=lambda a, b: a @ b.T)
    with pytest.raises(ValueError, match=r'`similarity` must be "cosine", or a function'):
        cluster(np.eye(4), similarity="euclidean")
