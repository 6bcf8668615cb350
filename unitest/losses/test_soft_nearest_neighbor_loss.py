import numpy as np
import pytest

from comparators.losses import SoftNearestNeighborLoss


@pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, distance, temperature):
    labels, embeddings = batch
    weights = np.exp(-distance_loops(embeddings, embeddings, distance) / temperature)
    losses = [
        -np.log(sum(weights[i, j] for j in positives) / sum(weights[i, k] for k in positives + negatives))
        for i, (positives, negatives) in enumerate(pairs(labels))
        if positives
    ]
    loss = SoftNearestNeighborLoss(temperature, distance, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(np.mean(losses), rel=10 * precision[1])


def test_one_close_positive_is_enough(value):
    embeddings = np.array([[0.0], [0.1], [50.0], [50.1], [25.0], [25.1]])
    assert value(SoftNearestNeighborLoss(), np.array([0, 0, 0, 0, 1, 1]), embeddings) < 1e-6


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match=r"temperature=0"):
        SoftNearestNeighborLoss(temperature=0)
