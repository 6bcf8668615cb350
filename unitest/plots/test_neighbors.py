"""Each query beside its nearest, in order, framed by whether their labels are right."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from comparators.plots import neighbors
from comparators.plots.neighbors import RIGHT, WRONG

IMAGES = np.arange(6, dtype="uint8")[:, None, None, None] * np.ones((5, 5, 3), "uint8")


def test_the_nearest_are_drawn_in_order():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(6, 6))
    np.fill_diagonal(scores, -np.inf)
    labels = np.array(list("ababab"))
    ax = neighbors(IMAGES, list(IMAGES), scores, labels, labels, k=3, num_rows=4)
    shown = np.array([image.get_array()[0, 0, 0] for image in ax.images]).reshape(4, 4)
    best = np.argsort(-scores, axis=1)[:4, :3]
    np.testing.assert_array_equal(shown, np.column_stack([np.arange(4), best]))
    right = labels[best] == labels[:4, None]
    assert [to_hex(patch.get_edgecolor()) for patch in ax.patches] == [
        RIGHT if same else WRONG for same in right.ravel()
    ]
    assert [patch.get_linestyle() == "--" for patch in ax.patches] == (~right).ravel().tolist()
    captions = [text.get_text() for text in ax.texts]
    assert captions[:7] == ["query", "1", "2", "3", "a", f"{scores[0, best[0, 0]]:.2f}", labels[best[0, 0]]]


def test_without_labels_and_with_few_items(tmp_path):
    from PIL import Image

    Image.fromarray(IMAGES[3]).save(tmp_path / "query.png")
    ax = neighbors([tmp_path / "query.png"], IMAGES[:2], [[0.5, -np.inf]], k=5)
    assert [image.get_array()[0, 0, 0] for image in ax.images] == [3, 0]
    assert len(ax.patches) == 0


def test_bad_input():
    with pytest.raises(ValueError, match=r"`scores` must be `\(queries, items\)`, \(1, 6\).*Received: shape \(6, 1\)"):
        neighbors(IMAGES[:1], IMAGES, np.zeros((6, 1)))
    with pytest.raises(ValueError, match=r"with 6 NaN"):
        neighbors(IMAGES[:1], IMAGES, np.full((1, 6), np.nan))
    with pytest.raises(ValueError, match=r"must be given both, or neither"):
        neighbors(IMAGES[:1], IMAGES, np.zeros((1, 6)), query_labels=["a"])
    with pytest.raises(ValueError, match=r"`item_labels` must have one label for each of 6 images. Received: shape"):
        neighbors(IMAGES[:1], IMAGES, np.zeros((1, 6)), ["a"], ["a"])
    with pytest.raises(ValueError, match=r"`k` must be positive. Received: k=0"):
        neighbors(IMAGES[:1], IMAGES, np.zeros((1, 6)), k=0)
