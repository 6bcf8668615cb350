"""Clustering measures against golden references and plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.metrics import ami, ari, bcubed, nmi, purity


@pytest.mark.parametrize("measure", [nmi, ami, ari, purity, bcubed])
def test_golden_values(golden, measure):
    _, arrays, difference = golden("retrieval_and_clustering_metrics")
    value = measure(arrays["truth"], arrays["clusters"])
    assert difference(measure.__name__, value) < 1e-9


partitions = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 4), min_size=n, max_size=n), st.lists(st.integers(-1, 4), min_size=n, max_size=n)
    )
)


@given(partitions)
def test_purity_and_bcubed_equal_plain_loops(case):
    labels, clusters = case
    items = range(len(labels))
    together = [{j for j in items if j == i or (clusters[j] == clusters[i] != -1)} for i in items]
    alike = [{j for j in items if labels[j] == labels[i]} for i in items]
    precision = np.mean([len(together[i] & alike[i]) / len(together[i]) for i in items])
    recall = np.mean([len(together[i] & alike[i]) / len(alike[i]) for i in items])
    assert bcubed(labels, clusters) == pytest.approx((precision, recall, 2 * precision * recall / (precision + recall)))
    groups = {frozenset(group) for group in together}
    most = sum(max(sum(labels[i] == label for i in group) for label in set(labels)) for group in groups)
    assert purity(labels, clusters) == pytest.approx(most / len(labels))


@settings(deadline=None)
@given(partitions)
def test_names_of_clusters_do_not_matter(case):
    labels, clusters = np.array(case[0]), np.array(case[1])
    renamed = np.where(clusters == -1, -1, (clusters + 2) * 7 % 31)
    words = np.array(["ann", "bob", "eve", "joe", "kim"])[labels]
    for measure in (ami, nmi, ari, purity, bcubed):
        assert measure(words, renamed) == pytest.approx(measure(labels, clusters))


def test_noise_is_no_cluster():
    labels = [0, 0, 1, 1]
    assert ari(labels, [-1, -1, -1, -1]) == ari(labels, [0, 1, 2, 3]) == 0.0
    assert purity(labels, [-1] * 4) == 1.0
    assert bcubed(labels, [-1] * 4) == (1.0, 0.5, pytest.approx(2 / 3))
    assert ami(["a", "a", "b"], ["x", "x", "y"]) == 1.0


@pytest.mark.parametrize("measure", [ami, nmi, ari, purity, bcubed])
def test_bad_input(measure):
    with pytest.raises(ValueError, match=r"Received: shapes \(2,\) and \(1,\)"):
        measure([0, 1], [0])
    with pytest.raises(ValueError, match=r"not empty. Received: shapes \(0,\) and \(0,\)"):
        measure([], [])
