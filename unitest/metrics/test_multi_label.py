"""Measures of many labels against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.metrics import class_average_precision, class_roc_auc, d_prime, multi_label_report


def average_precision_by_hand(scores, targets):
    """The area under the steps of precision over recall, threshold by threshold."""
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        accepted = [target for score, target in zip(scores, targets, strict=True) if score >= threshold]
        recall = sum(accepted) / sum(targets)
        total += (recall - recall_before) * sum(accepted) / len(accepted)
        recall_before = recall
    return total


def auc_by_hand(scores, targets):
    pairs = [
        (score > other) + 0.5 * (score == other)
        for score, target in zip(scores, targets, strict=True)
        for other, other_target in zip(scores, targets, strict=True)
        if target and not other_target
    ]
    return sum(pairs) / len(pairs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30), st.sampled_from([3, 1000]))
def test_measures_are_those_of_the_loops(seed, num_items, levels):
    random = np.random.default_rng(seed)
    scores, targets = random.integers(levels, size=(num_items, 3)) / levels, random.random((num_items, 3)) < 0.4
    targets[0], targets[1] = True, False
    precision, auc = class_average_precision(scores, targets), class_roc_auc(scores, targets)
    for column in range(3):
        own = scores[:, column].tolist(), targets[:, column].tolist()
        assert precision[column] == pytest.approx(average_precision_by_hand(*own))
        assert auc[column] == pytest.approx(auc_by_hand(*own))


def test_average_precision_is_scikit_learns():
    from sklearn.metrics import average_precision_score, roc_auc_score

    random = np.random.default_rng(1)
    scores, targets = random.normal(size=(200, 5)).round(1), random.random((200, 5)) < 0.2
    expected = average_precision_score(targets, scores, average=None)
    np.testing.assert_allclose(class_average_precision(scores, targets), expected)
    np.testing.assert_allclose(class_roc_auc(scores, targets), roc_auc_score(targets, scores, average=None))


def test_d_prime_is_the_distance_of_two_normal_distributions():
    random = np.random.default_rng(2)
    scores = np.concatenate([random.normal(1.5, size=20_000), random.normal(size=20_000)])[:, None]
    targets = np.repeat([1, 0], 20_000)[:, None]
    assert d_prime(class_roc_auc(scores, targets)[0]) == pytest.approx(1.5, abs=0.05)
    assert d_prime(0.5) == 0
    np.testing.assert_allclose(d_prime([0.2, 0.8]), [-1.190232, 1.190232], atol=1e-6)


def test_classes_without_items_are_left_out():
    scores = np.array([[0.9, 0.3, 0.1], [0.1, 0.4, 0.2]])
    targets = np.array([[1, 0, 0], [0, 0, 1]])
    precision = class_average_precision(scores, targets)
    assert np.isnan(precision).tolist() == [False, True, False]
    assert multi_label_report(scores, targets) == {"map": 1.0, "auc": 1.0, "d_prime": np.inf}


def test_one_score_for_all_is_guessing():
    targets = np.array([[1], [0], [0], [1], [0]])
    assert class_average_precision(np.zeros((5, 1)), targets).tolist() == [0.4]
    assert multi_label_report(np.zeros((5, 1)), targets)["d_prime"] == 0


@pytest.mark.parametrize(
    ("scores", "targets", "message"),
    [
        ([[0.1, 0.2]], [[1]], "of one shape"),
        ([[np.nan]], [[1]], "NaN"),
        ([[0.1]], [[0.9]], "0 or 1"),
        ([[0.1]], [[1]], "a class that some items have"),
    ],
)
def test_what_cannot_be_measured_is_refused(scores, targets, message):
    with pytest.raises(ValueError, match=message):
        multi_label_report(scores, targets)


def test_an_area_lies_between_0_and_1():
    with pytest.raises(ValueError, match="between 0 and 1"):
        d_prime(1.2)
