"""One-shot classifications of a batch against plain loops."""

import math

import keras
import numpy as np
import pytest

from comparators.losses import InfoNCE, OneShotLoss


@pytest.mark.parametrize(("num_labels", "num_items"), [(2, 2), (4, 3), (5, 2), (3, 5)])
def test_value_is_that_of_plain_loops(random, value, precision, num_labels, num_items):
    embeddings = random.normal(size=(num_labels, num_items, 4)).astype(precision[0])
    directions = embeddings / np.linalg.norm(embeddings, axis=-1, keepdims=True)
    losses = []
    for label in range(num_labels):
        for query in range(num_items):
            for reference in set(range(num_items)) - {query}:
                logits = [directions[label, query] @ directions[other, reference] / 0.3 for other in range(num_labels)]
                losses.append(math.log(sum(math.exp(logit) for logit in logits)) - logits[label])
    loss = OneShotLoss(num_items, temperature=0.3, dtype=precision[0])
    labels = np.repeat(np.arange(num_labels), num_items)
    assert value(loss, labels, embeddings.reshape(-1, 4)) == pytest.approx(np.mean(losses), rel=precision[1])


def test_with_two_items_it_is_symmetric_info_nce(random, value):
    rows = random.normal(size=(6, 2, 4)).astype("float32")
    pairs = value(InfoNCE(temperature=0.2, symmetric=True), np.arange(6), rows)
    flat = value(OneShotLoss(2, temperature=0.2), np.repeat(np.arange(6), 2), rows.reshape(12, 4))
    assert flat == pytest.approx(pairs, rel=1e-5)


@pytest.mark.parametrize(("num_labels", "num_items"), [(1, 4), (4, 1), (1, 1)])
def test_without_anything_to_tell_apart_it_is_zero(value, num_labels, num_items):
    embeddings = np.random.default_rng(0).normal(size=(num_labels * num_items, 3)).astype("float32")
    labels = np.repeat(np.arange(num_labels), num_items)
    assert value(OneShotLoss(num_items), labels, embeddings) == pytest.approx(0, abs=1e-6)


def test_equal_and_zero_embeddings_have_finite_gradients(gradients):
    for embeddings in (np.zeros((6, 3), "float32"), np.ones((6, 3), "float32")):
        loss = OneShotLoss(2)
        (gradient,) = gradients(lambda rows, loss=loss: loss(np.repeat([0, 1, 2], 2), rows), embeddings)
        assert np.isfinite(gradient).all()


def test_half_precision_is_computed_in_float32(random, value):
    embeddings = random.normal(size=(8, 4)).astype("float16")
    labels = np.repeat(np.arange(4), 2)
    wide = value(OneShotLoss(2), labels, embeddings.astype("float32"))
    assert value(OneShotLoss(2), labels, embeddings) == pytest.approx(wide, rel=1e-6)


def test_config_round_trip():
    loss = OneShotLoss(3, temperature=0.2, name="ways")
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"`items_per_label` must be positive. Received: items_per_label=0"):
        OneShotLoss(0)
    with pytest.raises(ValueError, match=r"`temperature` must be positive. Received: temperature=-1"):
        OneShotLoss(2, temperature=-1)
    with pytest.raises(ValueError, match=r"embeddings of shape \(2, 2, 3\)"):
        OneShotLoss(2)(np.arange(2), np.ones((2, 2, 3), "float32"))
