import numpy as np
import pytest

from comparators.losses import PNLoss, TripletLoss


@pytest.mark.parametrize("mining", ["batch_hard", "semi_hard"])
@pytest.mark.parametrize("form", ["hinge", "softplus"])
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, mining, form, distance):
    labels, embeddings = batch
    distances = distance_loops(embeddings, embeddings, distance)
    losses = []
    for i, (positives, negatives) in enumerate(pairs(labels)):
        if not positives or not negatives:
            continue
        j = max(positives, key=lambda j: distances[i, j])
        by_distance = sorted(negatives, key=lambda k: distances[i, k])
        farther = [k for k in by_distance if distances[i, k] > distances[i, j]]
        k = by_distance[0] if mining == "batch_hard" else (farther or by_distance[-1:])[0]
        gap = distances[i, j] - min(distances[i, k], distances[j, k]) + 0.8
        losses.append(max(0.0, gap) if form == "hinge" else np.log1p(np.exp(gap)))
    loss = PNLoss(0.8, mining, distance, form, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(np.mean(losses), rel=precision[1])


def test_is_never_less_than_the_triplet_loss(batch, value):
    assert value(PNLoss(0.5, "batch_hard"), *batch) >= value(TripletLoss(0.5, "batch_hard"), *batch) - 1e-6


@pytest.mark.parametrize("arguments", [{"margin": -1.0}, {"mining": "batch_all"}, {"form": "square"}])
def test_bad_arguments_are_named(arguments):
    name, given = next(iter(arguments.items()))
    with pytest.raises(ValueError, match=f"`{name}` must .* Received: {name}={given!r}"):
        PNLoss(**arguments)
