import math

import numpy as np
import pytest

from comparators.losses import CircleLoss


@pytest.mark.parametrize(("margin", "scale"), [(0.25, 10.0), (0.4, 80.0)])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, margin, scale):
    labels, embeddings = batch
    similarity = 1 - distance_loops(embeddings, embeddings, "cosine")
    losses = []
    for i, (positives, negatives) in enumerate(pairs(labels)):
        if positives and negatives:
            pulls = sum(
                math.exp(-scale * max(0, 1 + margin - similarity[i, j]) * (similarity[i, j] - (1 - margin)))
                for j in positives
            )
            pushes = sum(
                math.exp(scale * max(0, similarity[i, k] + margin) * (similarity[i, k] - margin)) for k in negatives
            )
            losses.append(math.log(1 + pulls * pushes))
    loss = CircleLoss(margin, scale, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(np.mean(losses), rel=10 * precision[1])


def test_separated_labels_have_hardly_a_loss(value):
    embeddings = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.1], [-2.0, 0.2]])
    assert value(CircleLoss(), np.array([0, 0, 1, 1]), embeddings) < 1e-6


@pytest.mark.parametrize("arguments", [{"margin": -0.1}, {"margin": 1.0}, {"scale": 0.0}])
def test_bad_arguments_are_named(arguments):
    name, number = next(iter(arguments.items()))
    with pytest.raises(ValueError, match=f"`{name}` must .* Received: {name}={number}"):
        CircleLoss(**arguments)
