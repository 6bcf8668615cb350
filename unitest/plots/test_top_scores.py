"""The best answers as bars, in order, with their numbers."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from comparators.plots import top_scores


def test_the_best_are_drawn_in_order():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=100), np.array([f"label {i} {'of a long name ' * 9}" for i in range(100)])
    best = np.argsort(-scores)[:10]
    ax = top_scores(labels, scores, true_label=labels[best[2]], threshold=0.5)
    assert [bar.get_width() for bar in ax.patches] == scores[best].tolist()
    assert [to_hex(bar.get_facecolor()) == "#2a9d4f" for bar in ax.patches] == [i == 2 for i in range(10)]
    assert [text.get_text() for text in ax.texts] == [f"{score:.2f}" for score in scores[best]]
    assert max(len(label.get_text()) for label in ax.get_yticklabels()) == 40


def test_bad_input():
    with pytest.raises(ValueError, match=r"Received: shapes \(2,\) and \(1,\), 0 not finite"):
        top_scores(["a", "b"], [1.0])
    with pytest.raises(ValueError, match=r"1 not finite"):
        top_scores(["a"], [np.nan])
    with pytest.raises(ValueError, match=r"`k` must be positive. Received: k=0"):
        top_scores(["a"], [1.0], k=0)
