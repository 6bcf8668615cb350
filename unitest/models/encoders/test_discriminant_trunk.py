"""The fitted trunk: discriminants of labelled recordings, padding, saving, errors; and trunks joined."""

import re

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ConvolutionalTrunk, DiscriminantTrunk, JoinedTrunk
from comparators.models.encoders.discriminant_trunk import linear_discriminants


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def voices(rng):
    """Six labels with five recordings each, told apart by two of eight bands, under much louder common noise."""
    centers = np.zeros((6, 8))
    centers[:, :2] = rng.normal(size=(6, 2))
    labels = np.repeat(np.arange(6), 5)
    common = 10.0 * rng.normal(size=(30, 1, 1)) * np.r_[np.zeros(2), np.ones(6)]
    recordings = centers[labels][:, None] + common + 0.1 * rng.normal(size=(30, 40, 8))
    return recordings.astype("float32"), labels


def test_adapt_finds_what_tells_labels_apart(voices):
    recordings, labels = voices
    trunk = DiscriminantTrunk(embedding_dim=2, num_features=8).adapt(list(recordings), labels)
    embeddings = ops.convert_to_numpy(trunk(recordings))
    similarity = embeddings @ embeddings.T
    same = labels[:, None] == labels
    assert similarity[same].min() > 0.9
    assert similarity[~same].mean() < 0.3


def test_groups_are_not_told_apart(rng):
    """Two corpora, far apart in band 0; the labels differ in band 1. One direction is enough, and it is the labels'."""
    labels, groups = np.repeat(np.arange(8), 6), np.repeat([0, 1], 24)
    values = 0.1 * rng.normal(size=(48, 3))
    values[:, 0] += 100.0 * groups
    values[:, 1] += labels % 4
    direction = linear_discriminants(values, labels, groups, shrinkage=0.01)[0][:, 0]
    assert abs(direction[1]) > 100 * abs(direction[0])


def test_groups_weigh_the_same(rng):
    values, labels, groups = rng.normal(size=(30, 4)), np.arange(30) % 3, np.repeat([0, 1], [10, 20])
    labels = labels + 3 * groups
    again = np.r_[np.arange(30), np.arange(10), np.arange(10)]
    directions = [
        np.abs(linear_discriminants(values[rows], labels[rows], groups[rows], shrinkage=0.1)[0])
        for rows in (np.arange(30), again)
    ]
    np.testing.assert_allclose(*directions, rtol=1e-6)


def test_batch_and_alone(voices, rng):
    recordings, labels = voices
    trunk = DiscriminantTrunk(embedding_dim=2, num_features=8).adapt(recordings, labels)
    lengths = rng.integers(1, 41, 30)
    together = ops.convert_to_numpy(trunk({"features": recordings, "lengths": lengths}))
    for item, length in list(enumerate(lengths))[::10]:
        alone = ops.convert_to_numpy(trunk(recordings[item : item + 1, :length]))
        np.testing.assert_allclose(alone[0], together[item], atol=1e-4)


def test_too_few_labels(voices):
    with pytest.raises(ValueError, match=re.escape("Received: 6 labels, embedding_dim=6.")):
        DiscriminantTrunk(embedding_dim=6, num_features=8).adapt(*voices)


def test_joined_and_saved(voices, tmp_path):
    recordings, labels = voices
    trunks = [
        ConvolutionalTrunk(embedding_dim=3, channels=4, num_features=8),
        DiscriminantTrunk(embedding_dim=2, num_features=8).adapt(recordings, labels),
    ]
    joined = JoinedTrunk(trunks)
    embeddings = ops.convert_to_numpy(joined(recordings))
    parts = [ops.convert_to_numpy(trunk(recordings)) for trunk in trunks]
    np.testing.assert_allclose(embeddings @ embeddings.T, sum(part @ part.T for part in parts) / 2, atol=1e-5)
    joined.save(tmp_path / "joined.keras")
    loaded = keras.saving.load_model(tmp_path / "joined.keras")
    assert loaded.embedding_dim == 5
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(recordings)), embeddings, atol=1e-6)


def test_join_nothing():
    with pytest.raises(ValueError, match="`trunks` must have at least one trunk"):
        JoinedTrunk([])
