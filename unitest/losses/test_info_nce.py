import numpy as np
import pytest

from comparators.losses import InfoNCE, SupConLoss


def cross_entropies(anchors, own, others, temperature, distance_loops, distance):
    """`-log` of the share of each anchor's own item among it and its others, one by one."""
    losses = []
    for anchor, positive, negatives in zip(anchors, own, others, strict=True):
        candidates = np.array([positive, *negatives])
        weights = np.exp(-distance_loops(anchor[None], candidates, distance)[0] / temperature)
        losses.append(-np.log(weights[0] / weights.sum()))
    return losses


@pytest.mark.parametrize("num_hard", [0, 1, 3])
@pytest.mark.parametrize("labels", [np.arange(5), np.array([0, 1, 0, 2, 0])])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_value_is_that_of_plain_loops(random, value, distance_loops, precision, num_hard, labels, symmetric, distance):
    rows = random.normal(size=(5, 2 + num_hard, 4)).astype(precision[0])
    anchors, positives, hard = rows[:, 0], rows[:, 1], rows[:, 2:].reshape(-1, 4)
    others = [[*positives[labels != label], *hard] for label in labels]
    losses = cross_entropies(anchors, positives, others, 0.3, distance_loops, distance)
    if symmetric:
        others = [list(anchors[labels != label]) for label in labels]
        losses += cross_entropies(positives, anchors, others, 0.3, distance_loops, distance)
    loss = InfoNCE(0.3, symmetric, distance, dtype=precision[0])
    assert value(loss, labels, rows) == pytest.approx(np.mean(losses), rel=precision[1])


def test_one_label_without_hard_negatives_has_no_loss(random, gradients):
    loss = InfoNCE()
    rows = random.normal(size=(4, 2, 3)).astype("float32")
    (slope,) = gradients(lambda inputs: loss(np.zeros(4), inputs), rows)
    assert float(loss(np.zeros(4), rows)) == 0.0
    assert (slope == 0).all()


def test_own_positive_is_the_only_one_that_pulls(random, value):
    rows = random.normal(size=(4, 2, 3)).astype("float32")
    turned = rows[::-1]
    assert value(InfoNCE(), np.arange(4), rows) == pytest.approx(value(InfoNCE(), np.arange(4), turned), rel=1e-5)


def test_against_references_every_item_of_the_label_is_a_positive(batch, precision):
    labels, embeddings = batch
    itself = np.eye(len(labels), dtype=bool)
    loss = InfoNCE(0.5, dtype=precision[0]).against(embeddings, labels, embeddings, labels, itself)
    assert np.isfinite(float(loss))
    # With one positive for each anchor it is the supervised loss.
    labels = np.repeat(np.arange(3), 2)
    embeddings, itself = embeddings[:6], np.eye(6, dtype=bool)
    values = [
        float(kind(0.5, dtype=precision[0]).against(embeddings, labels, embeddings, labels, itself))
        for kind in (InfoNCE, SupConLoss)
    ]
    assert values[0] == pytest.approx(values[1], rel=precision[1])


@pytest.mark.parametrize("shape", [(4, 3), (4, 1, 3)])
def test_other_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"InfoNCE needs embeddings \(batch, 2 or more, dim\)"):
        InfoNCE()(np.zeros(4), np.zeros(shape))


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match=r"temperature=0"):
        InfoNCE(temperature=0)
