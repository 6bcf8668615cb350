"""Accuracy and macro measures against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from comparators.metrics import classification_report


@pytest.mark.parametrize("seed", range(5))
def test_against_scikit_learn(seed):
    """Also where a class is never an answer, or an answer never a class."""
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, 6, 40), rng.integers(1, 8, 40)
    expected = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)[:3]
    report = classification_report(labels, predicted)
    np.testing.assert_allclose(report[1:], expected, rtol=1e-12)
    assert report.accuracy == np.mean(labels == predicted)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"of one length, not empty. Received: shapes \(2,\) and \(1,\)"):
        classification_report(["a", "b"], ["a"])
    with pytest.raises(ValueError, match=r"not empty"):
        classification_report([], [])
