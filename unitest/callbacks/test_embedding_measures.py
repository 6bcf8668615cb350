"""Measures by name are those of the metrics room, though pairs, ranks and clusters are computed once."""

import numpy as np
import pytest

from comparators import metrics
from comparators.callbacks.embedding_measures import MEASURES, check_measures, embedding_measures
from comparators.recognition import cluster


@pytest.fixture(params=[12, 7, 2])
def items(request):
    rng = np.random.default_rng(request.param)
    codes = rng.permutation(np.arange(60) % request.param)
    return (rng.normal(size=(60, 5))[codes] + 0.8 * rng.normal(size=(60, 5))).astype("float32"), codes


@pytest.mark.parametrize("similarity", ["cosine", "euclidean", lambda a, b: -np.abs(a[:, None] - b).sum(axis=-1)])
def test_values_are_those_of_the_metrics(items, similarity):
    rows, codes = items
    names = (*MEASURES, "recall_at_1", "recall_at_4")
    found = embedding_measures(rows, codes, names, similarity)
    trials = metrics.pair_scores(rows, codes, similarity)
    clusters = cluster(rows, "kmeans", num_clusters=len(np.unique(codes)))
    expected = {
        "eer": metrics.equal_error_rate(*trials),
        "auc": metrics.roc_auc(*trials),
        "precision_at_1": metrics.precision_at_1(rows, codes, similarity),
        "r_precision": metrics.r_precision(rows, codes, similarity),
        "map_at_r": metrics.map_at_r(rows, codes, similarity),
        "ami": metrics.ami(codes, clusters),
        "nmi": metrics.nmi(codes, clusters),
        "bcubed_f1": metrics.bcubed(codes, clusters)[2],
        "recall_at_1": metrics.recall_at_k(rows, codes, 1, similarity),
        "recall_at_4": metrics.recall_at_k(rows, codes, 4, similarity),
    }
    assert list(found) == list(names)
    assert found == pytest.approx(expected, abs=1e-12)


def test_retrieval_against_a_plain_loop():
    rng = np.random.default_rng(0)
    codes = np.array([0] * 5 + [1] * 3 + [2] * 2 + [3])  # the last item asks for nobody
    rows = rng.normal(size=(11, 3))
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    first, shares, precisions = [], [], []
    for i in range(10):
        others = sorted((j for j in range(11) if j != i), key=lambda j: -units[i] @ units[j])
        right = [codes[j] == codes[i] for j in others]
        partners = sum(right)
        first.append(right[0])
        shares.append(sum(right[:partners]) / partners)
        precisions.append(sum(right[k] * sum(right[: k + 1]) / (k + 1) for k in range(partners)) / partners)
    expected = {"precision_at_1": np.mean(first), "r_precision": np.mean(shares), "map_at_r": np.mean(precisions)}
    assert embedding_measures(rows, codes, tuple(expected)) == pytest.approx(expected)


def test_the_order_of_the_items_does_not_matter(items):
    rows, codes = items
    turned = np.random.default_rng(1).permutation(60)
    found = embedding_measures(rows, codes, MEASURES)
    assert embedding_measures(rows[turned], codes[turned], MEASURES) == pytest.approx(found, abs=1e-6)


def test_everything_in_one_point_is_guessing():
    found = embedding_measures(np.ones((20, 4)), np.arange(20) % 4, MEASURES)
    assert found["eer"] == found["auc"] == 0.5
    assert found["ami"] == pytest.approx(0, abs=1e-12)
    assert found["precision_at_1"] == 0


def test_names():
    for name in ("accuracy", "recall_at_0", "recall_at_k", "EER"):
        with pytest.raises(ValueError, match=rf"`measures` must be of eer, auc.*Received: '{name}'"):
            check_measures(("eer", name))
    with pytest.raises(ValueError, match="Received: none"):
        check_measures(())
    with pytest.raises(TypeError, match=r"Received: 'eer'. Write \('eer',\)"):
        check_measures("eer")
