"""The similarity matrix is ordered by label."""

import numpy as np
import pytest

from comparators.plots import similarity_matrix


@pytest.mark.parametrize(("num_labels", "items"), [(1, 1), (2, 5), (24, 6), (60, 3)])
def test_items_of_a_label_lie_side_by_side(num_labels, items):
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(num_labels), items))
    same = (labels[:, None] == labels).astype(float)
    ax = similarity_matrix(same, labels)
    blocks = np.kron(np.eye(num_labels), np.ones((items, items)))
    np.testing.assert_array_equal(ax.images[0].get_array(), blocks)
    assert [text.get_text() for text in ax.get_xticklabels()] == [str(label) for label in range(num_labels)]
    assert len(ax.lines) == 2 * (num_labels - 1)
    assert ax.images[0].colorbar.ax.get_ylabel() == "cosine similarity"


def test_bad_input():
    with pytest.raises(ValueError, match=r"must be square.*Received: shapes \(2, 3\) and \(2,\)"):
        similarity_matrix(np.zeros((2, 3)), [0, 1])
    with pytest.raises(ValueError, match=r"must be finite. Received: 1 values"):
        similarity_matrix([[1.0, np.nan], [0.0, 1.0]], [0, 1])
