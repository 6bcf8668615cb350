import numpy as np
import pytest

from comparators.losses import NTXent, SupConLoss


@pytest.mark.parametrize("num_views", [2, 3])
@pytest.mark.parametrize("labels", [np.arange(5), np.array([0, 1, 0, 2, 0])])
@pytest.mark.parametrize("distance", ["cosine", "squared_euclidean"])
def test_value_is_that_of_plain_loops(random, value, distance_loops, precision, num_views, labels, distance):
    views = random.normal(size=(5, num_views, 4)).astype(precision[0])
    items, rows = views.reshape(-1, 4), np.repeat(np.arange(5), num_views)
    weights = np.exp(-distance_loops(items, items, distance) / 0.5)
    losses = []
    for i in range(len(items)):
        negatives = sum(weights[i, k] for k in range(len(items)) if labels[rows[k]] != labels[rows[i]])
        for j in range(len(items)):
            if j != i and rows[j] == rows[i]:
                losses.append(-np.log(weights[i, j] / (weights[i, j] + negatives)))
    loss = NTXent(0.5, distance, dtype=precision[0])
    assert value(loss, labels, views) == pytest.approx(np.mean(losses), rel=precision[1])


def test_two_views_of_unlabelled_items_are_the_supervised_loss(random, value):
    views = random.normal(size=(6, 2, 4)).astype("float32")
    expected = value(SupConLoss(0.2), np.arange(6), views)
    assert value(NTXent(0.2), np.arange(6), views) == pytest.approx(expected, rel=1e-5)


def test_one_label_has_no_loss(random, value):
    assert value(NTXent(), np.zeros(4), random.normal(size=(4, 2, 3))) == 0.0


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"NTXent needs embeddings \(batch, 2 or more views, dim\)"):
        NTXent()(np.zeros(4), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"temperature=-1"):
        NTXent(temperature=-1)
