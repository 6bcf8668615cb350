import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from comparators.recognition.similarity_clustering import SimilarityClustering, largest_first

REASON = "its data have a row of zeros, which has no cosine"


@parametrize_with_checks(
    [SimilarityClustering()], expected_failed_checks=lambda estimator: {"check_estimators_dtypes": REASON}
)
def test_scikit_learn(estimator, check):
    check(estimator)


def voices(num_labels=8, num_items=10, noise=0.4, seed=0, dim=32):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_labels), num_items)
    return (rng.normal(size=(num_labels, dim))[labels] + noise * rng.normal(size=(len(labels), dim))).astype(
        np.float32
    ), labels


def test_finds_the_clusters_and_their_number():
    vectors, labels = voices()
    assert adjusted_rand_score(labels, SimilarityClustering(0.6).fit_predict(vectors)) == 1


def plain_procedure(vectors, threshold, k):
    """The procedure as it is told, over all items and clusters one by one, in the order that the class takes."""
    units = np.unique(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), axis=0)
    cosines = units @ units.T
    nearest = np.sort(cosines - 2 * np.eye(len(units)), axis=1)[:, ::-1][:, :3].mean(axis=1)
    order, labels = np.argsort(-nearest, kind="stable"), {}
    for item in order:
        candidates = []
        for label in sorted(set(labels.values())):
            centroid = np.mean([units[i] for i in labels if labels[i] == label], axis=0)
            if units[item] @ centroid / np.linalg.norm(centroid) >= threshold:
                candidates.append(label)
        if not candidates:
            labels[item] = len(set(labels.values()))
            continue
        points = sorted((i for i in labels if labels[i] in candidates), key=lambda i: -cosines[item, i])[:k]
        votes = {label: [rank for rank, i in enumerate(points) if labels[i] == label] for label in candidates}
        labels[item] = max(candidates, key=lambda label: (len(votes[label]), -sum(votes[label])))
    return units, np.array([labels[i] for i in range(len(units))])


@pytest.mark.parametrize("block_size", [1, 7, 512])
@pytest.mark.parametrize(("threshold", "noise"), [(0.3, 1.0), (0.5, 0.8), (0.7, 1.5)])
def test_is_the_plain_procedure(threshold, noise, block_size):
    vectors = voices(noise=noise)[0].astype(np.float64)
    units, expected = plain_procedure(vectors, threshold, 5)
    assert 1 < expected.max() + 1 < len(units)
    labels = SimilarityClustering(threshold, block_size=block_size).fit_predict(units)
    assert adjusted_rand_score(expected, labels) == 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), threshold=st.floats(-0.5, 0.95), noise=st.floats(0, 3), rounded=st.booleans())
def test_order_of_the_items_does_not_matter(seed, threshold, noise, rounded):
    vectors = voices(4, 8, noise, seed, dim=3)[0]
    vectors = np.round(vectors) + (0.1, 0, 0) if rounded else vectors
    rng = np.random.default_rng(seed)
    can_start, order = rng.random(len(vectors)) < 0.8, rng.permutation(len(vectors))
    can_start[0] = True
    labels = SimilarityClustering(threshold).fit_predict(vectors, can_start=can_start)
    again = SimilarityClustering(threshold).fit_predict(vectors[order], can_start=can_start[order])
    np.testing.assert_array_equal(again, labels[order])


def test_short_items_never_start_or_change_a_cluster():
    vectors, labels = voices()
    short = np.zeros(len(labels), bool)
    short[::10] = True
    stranger = -vectors.mean(axis=0, keepdims=True)
    everything, can_start = np.concatenate([vectors, stranger]), np.append(~short, False)
    found = SimilarityClustering(0.6).fit_predict(everything, can_start=can_start)
    assert adjusted_rand_score(SimilarityClustering(0.6).fit_predict(vectors[~short]), found[:-1][~short]) == 1
    assert adjusted_rand_score(labels, found[:-1]) == 1
    assert found[-1] == -1


def test_extreme_thresholds():
    vectors, _ = voices()
    assert SimilarityClustering(-0.99).fit_predict(vectors).max() == 0
    assert SimilarityClustering(0.9999).fit_predict(vectors).max() == len(vectors) - 1
    np.testing.assert_array_equal(SimilarityClustering(0.5).fit_predict(np.ones((3, 2))), [0, 0, 0])


def test_labels_go_by_size():
    labels = largest_first(np.array([7, 3, 3, -1, 9, 9]), np.arange(6))
    assert labels.tolist() == [2, 0, 0, -1, 1, 1]


def test_messages():
    vectors, _ = voices()
    with pytest.raises(ValueError, match=r"`threshold` must be a cosine between -1 and 1\. Received: threshold=1"):
        SimilarityClustering(1).fit(vectors)
    with pytest.raises(ValueError, match=r"`k` must be positive\. Received: k=0"):
        SimilarityClustering(k=0).fit(vectors)
    with pytest.raises(ValueError, match=r"True or False for each of the 80 items\. Received: shape \(2,\), bool"):
        SimilarityClustering().fit(vectors, can_start=[True, False])
    with pytest.raises(ValueError, match="At least one item must be able to start a cluster"):
        SimilarityClustering().fit(vectors, can_start=np.zeros(80, bool))
    with pytest.raises(ValueError, match="contains NaN"):
        SimilarityClustering().fit(vectors * np.nan)
