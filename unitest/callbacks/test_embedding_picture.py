"""The pictures of a training: every few epochs, turned towards the one before, on axes that never shrink."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from comparators.callbacks import EmbeddingPicture
from comparators.callbacks.embedding_picture import turn_towards


def identity_model(rows):
    """A model without layers that matter: its `embed` returns what the test sets."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.embed = lambda inputs, batch_size: rows[-1]
    return model


def test_a_picture_every_few_epochs(tmp_path):
    rng = np.random.default_rng(0)
    x, codes = rng.normal(size=(30, 4)).astype("float32"), np.arange(30) % 3
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    picture = EmbeddingPicture(x, codes, tmp_path / "new" / "film", every=2)
    open_before = plt.get_fignums()
    model.fit(x, codes, epochs=5, verbose=0, callbacks=[picture])
    assert sorted(path.name for path in (tmp_path / "new" / "film").iterdir()) == [
        "epoch_0002.png",
        "epoch_0004.png",
        "epoch_0005.png",
    ]
    assert plt.get_fignums() == open_before
    assert plt.imread(tmp_path / "new" / "film" / "epoch_0002.png").std() > 0


def test_a_turned_and_mirrored_space_gives_the_same_picture(tmp_path):
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(20, 6)) * [3, 2, 1, 0.5, 0.2, 0.1]]
    picture = EmbeddingPicture(None, np.arange(20) % 4, tmp_path, every=1)
    picture.set_model(identity_model(rows))
    picture.on_epoch_end(0)
    points, reach = picture.points, picture.reach
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    rows.append(rows[0] @ turn)
    picture.on_epoch_end(1)
    np.testing.assert_allclose(picture.points, points, atol=1e-6)
    assert picture.reach == pytest.approx(reach)
    first, second = (plt.imread(tmp_path / f"epoch_000{epoch}.png") for epoch in (1, 2))
    changed = (first != second).any(axis=-1).mean()
    assert changed < 0.01  # only the title differs


def test_unseen_labels_are_rings(tmp_path):
    rows = [np.random.default_rng(0).normal(size=(12, 3))]
    pictures = []
    for seen in (None, [0, 1]):
        picture = EmbeddingPicture(None, np.arange(12) % 3, tmp_path, every=1, seen=seen)
        picture.set_model(identity_model(rows))
        picture.on_epoch_end(0)
        pictures.append(plt.imread(tmp_path / "epoch_0001.png"))
    assert picture.unseen == [2]
    assert (pictures[0] != pictures[1]).any()
    with pytest.raises(ValueError, match=r"`seen` must hold some of the items' labels, and not all"):
        EmbeddingPicture(None, [0, 1], tmp_path, seen=[0, 1, 2])


def test_axes_do_not_shrink(tmp_path):
    rows = [np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])]
    picture = EmbeddingPicture(None, [0, 0, 1], tmp_path, every=1)
    picture.set_model(identity_model(rows))
    picture.on_epoch_end(0)
    reach = picture.reach
    rows.append(np.array([[1.0, 0.0], [1.0, 0.1], [1.0, -0.1]]))
    picture.on_epoch_end(1)
    assert picture.reach == reach


def test_turning_keeps_distances_and_undoes_a_turn():
    rng = np.random.default_rng(0)
    points, angle = rng.normal(size=(9, 2)), 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(turn_towards(points @ turn, points), points, atol=1e-12)
    turned = turn_towards(points, rng.normal(size=(9, 2)))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(points, axis=1))


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match=r"`every` must be positive. Received: every=0"):
        EmbeddingPicture(None, [0, 1], tmp_path, every=0)
    with pytest.raises(ValueError, match=r"`labels` must be one for each of the 3 items. Received: shape \(2,\)"):
        EmbeddingPicture(np.zeros((3, 2)), [0, 1], tmp_path)
    with pytest.raises(TypeError, match=r"`labels` must hold the label of each item. Received: None"):
        EmbeddingPicture(np.zeros((3, 2)), None, tmp_path)
    picture = EmbeddingPicture(None, [0, 1], tmp_path, every=1)
    picture.set_model(identity_model([np.full((2, 3), np.nan)]))
    with pytest.raises(ValueError, match=r"`embeddings` must be finite"):
        picture.on_epoch_end(0)
