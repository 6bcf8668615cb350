"""The confusion matrix counts, and its numbers stay readable."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from comparators.plots import confusion_matrix


@pytest.mark.parametrize("num_labels", [1, 2, 10, 40])
def test_cells_hold_the_counts(num_labels):
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.arange(num_labels), rng.integers(0, num_labels, 300)])
    predicted = np.where(rng.random(len(labels)) < 0.7, labels, rng.integers(-1, num_labels, len(labels)))
    ax = confusion_matrix(labels, predicted)
    answers = [int(text.get_text()) for text in ax.get_xticklabels()]
    names = [int(text.get_text()) for text in ax.get_yticklabels()]
    assert names == list(range(num_labels))
    assert answers == [*names, -1]
    cells = {text.get_position(): int(text.get_text()) for text in ax.texts}
    for row, name in enumerate(names):
        for column, answer in enumerate(answers):
            count = np.count_nonzero((labels == name) & (predicted == answer))
            assert cells.get((column, row), 0) == count
    assert ax.get_title() == f"accuracy {100 * np.mean(labels == predicted):.1f} % of {len(labels)}"
    cell = ax.get_window_extent().width / len(answers)
    assert all(text.get_window_extent().width < cell for text in ax.texts)
    assert min(text.get_fontsize() for text in ax.texts) >= 5


def test_shares_sum_to_the_row():
    ax = confusion_matrix(["a"] * 3 + ["b"] * 4, ["a", "a", "b", "b", "b", "b", "a"], values="shares")
    assert [text.get_text() for text in ax.texts] == ["67", "33", "25", "75"]
    np.testing.assert_allclose(np.asarray(ax.images[0].get_array()).sum(axis=1), 100)


def test_cells_too_small_for_numbers_are_left_empty():
    ax = plt.figure(figsize=(1, 1)).subplots()
    assert confusion_matrix(np.arange(40), np.arange(40), ax=ax) is ax
    assert not ax.texts


def test_bad_input():
    with pytest.raises(ValueError, match=r"Received: shapes \(2,\) and \(1,\)"):
        confusion_matrix([0, 1], [0])
    with pytest.raises(ValueError, match=r"not empty"):
        confusion_matrix([], [])
    with pytest.raises(ValueError, match=r"`values` must be 'counts' or 'shares'. Received: values='percent'"):
        confusion_matrix([0], [0], values="percent")
