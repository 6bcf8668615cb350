import math

import numpy as np
import pytest

from comparators.losses import LiftedStructureLoss


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, distance, margin):
    labels, embeddings = batch
    distances = distance_loops(embeddings, embeddings, distance)
    split, total, num_pairs = pairs(labels), 0.0, 0
    for i, (positives, _) in enumerate(split):
        for j in positives:
            if i < j:  # the paper: 1 / (2 |P|) of the sum over P
                sums = [sum(math.exp(margin - distances[end, k]) for k in split[end][1]) for end in (i, j)]
                total += max(0.0, math.log(sum(sums)) + distances[i, j]) ** 2
                num_pairs += 1
    loss = LiftedStructureLoss(margin, distance, dtype=precision[0])
    assert value(loss, labels, embeddings) == pytest.approx(total / 2 / num_pairs, rel=10 * precision[1])


def test_separated_labels_have_no_loss(value):
    assert value(LiftedStructureLoss(), np.array([0, 0, 1, 1]), np.array([[0.0], [0.1], [9.0], [9.1]])) == 0.0


def test_margin_must_be_positive():
    with pytest.raises(ValueError, match=r"margin=-1"):
        LiftedStructureLoss(margin=-1)
