import math

import numpy as np
import pytest

from comparators.losses import MultiSimilarityLoss


@pytest.mark.parametrize("tolerance", [None, 0.0, 0.2])
@pytest.mark.parametrize("base", [0.5, 1.0])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, tolerance, base):
    labels, embeddings = batch
    similarity = 1 - distance_loops(embeddings, embeddings, "cosine")
    losses = []
    for i, (positives, negatives) in enumerate(pairs(labels)):
        if tolerance is not None:
            most, least = (
                max((similarity[i, k] for k in negatives), default=-math.inf),
                min((similarity[i, j] for j in positives), default=math.inf),
            )
            positives = [j for j in positives if similarity[i, j] - tolerance < most]
            negatives = [k for k in negatives if similarity[i, k] + tolerance > least]
        pulls = sum(math.exp(-3 * (similarity[i, j] - base)) for j in positives)
        pushes = sum(math.exp(20 * (similarity[i, k] - base)) for k in negatives)
        losses.append(math.log(1 + pulls) / 3 + math.log(1 + pushes) / 20)
    loss = MultiSimilarityLoss(3.0, 20.0, base, tolerance, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(np.mean(losses), rel=10 * precision[1])


def test_mining_only_takes_away(batch, value):
    values = [value(MultiSimilarityLoss(mining_tolerance=tolerance), *batch) for tolerance in (0.0, 0.1, 2.0, None)]
    assert values == sorted(values)
    assert values[2] <= values[3]


@pytest.mark.parametrize("labels", [np.zeros(4), np.arange(4)])
def test_one_kind_of_pairs_counts_only_without_mining(random, value, labels):
    embeddings = random.normal(size=(4, 3)).astype("float32")
    assert value(MultiSimilarityLoss(), labels, embeddings) == 0.0
    assert value(MultiSimilarityLoss(mining_tolerance=None), labels, embeddings) > 0.0


@pytest.mark.parametrize("arguments", [{"alpha": 0}, {"beta": -1}, {"mining_tolerance": -0.5}])
def test_bad_arguments_are_named(arguments):
    name, number = next(iter(arguments.items()))
    with pytest.raises(ValueError, match=f"`{name}` must .* Received: {name}={number}"):
        MultiSimilarityLoss(**arguments)
