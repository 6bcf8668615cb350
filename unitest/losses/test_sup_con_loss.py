import math

import numpy as np
import pytest

from comparators.losses import SupConLoss


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "dot"])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, distance):
    labels, embeddings = batch
    logits = -distance_loops(embeddings, embeddings, distance) / 0.4
    losses = []
    for i, (positives, negatives) in enumerate(pairs(labels)):
        if positives:
            total = sum(math.exp(logits[i, k]) for k in positives + negatives)
            losses.append(np.mean([-math.log(math.exp(logits[i, j]) / total) for j in positives]))
    loss = SupConLoss(0.4, distance, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(np.mean(losses), rel=precision[1])


def test_lengths_do_not_count_with_the_cosine(batch, value):
    labels, embeddings = batch
    scaled = embeddings * np.linspace(0.1, 9.0, len(labels), dtype=embeddings.dtype)[:, None]
    assert value(SupConLoss(), labels, scaled) == pytest.approx(value(SupConLoss(), labels, embeddings), rel=1e-4)


def test_one_label_is_spread_evenly(value):
    assert value(SupConLoss(), np.zeros(4), np.ones((4, 3))) == pytest.approx(math.log(3), rel=1e-5)


def test_views_are_positives(random, value):
    views = random.normal(size=(4, 2, 3)).astype("float32")
    labels = np.array([0, 1, 1, 2])
    flat = value(SupConLoss(), np.repeat(labels, 2), views.reshape(8, 3))
    assert value(SupConLoss(), labels, views) == pytest.approx(flat, rel=1e-6)


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match=r"`temperature` must be positive. Received: temperature=0"):
        SupConLoss(temperature=0)
