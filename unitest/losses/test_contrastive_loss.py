import numpy as np
import pytest

from comparators.losses import ContrastiveLoss


@pytest.mark.parametrize("distance", ["euclidean", "cosine", "manhattan"])
@pytest.mark.parametrize("margin", [0.5, 3.0])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, distance, margin):
    labels, embeddings = batch
    distances = distance_loops(embeddings, embeddings, distance)
    terms = []
    for i, (positives, negatives) in enumerate(pairs(labels)):
        terms += [distances[i, j] ** 2 / 2 for j in positives]
        terms += [max(0, margin - distances[i, j]) ** 2 / 2 for j in negatives]
    loss = ContrastiveLoss(margin, distance, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(np.mean(terms), rel=precision[1])


def test_separated_labels_have_no_loss(value):
    assert value(ContrastiveLoss(), np.array([0, 0, 1, 1]), np.array([[0.0], [0.0], [2.0], [2.0]])) == 0.0


def test_margin_must_be_positive():
    with pytest.raises(ValueError, match=r"`margin` must be positive. Received: margin=-1.0"):
        ContrastiveLoss(margin=-1.0)
