import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.losses import TripletLoss
from comparators.losses.triplet_loss import MINING


def terms_of(labels, distances, pairs, mining, margin, form):
    """The triplets one by one, as the docstring names them."""
    terms = []

    def add(i, j, k):
        gap = distances[i, j] - distances[i, k] + margin
        terms.append(max(0.0, gap) if form == "hinge" else np.log1p(np.exp(gap)))

    for i, (positives, negatives) in enumerate(pairs(labels)):
        if not positives or not negatives:
            continue
        by_distance = sorted(negatives, key=lambda k: distances[i, k])
        if mining == "batch_hard":
            add(i, max(positives, key=lambda j: distances[i, j]), by_distance[0])
        for j in positives:
            farther = [k for k in by_distance if distances[i, k] > distances[i, j]]
            if mining == "semi_hard":
                add(i, j, (farther or by_distance[-1:])[0])
            if mining == "semi_hard_strict":
                _ = [add(i, j, k) for k in farther if distances[i, k] < distances[i, j] + margin]
            if mining == "batch_all":
                _ = [add(i, j, k) for k in negatives]
            if mining == "batch_all_nonzero":
                _ = [add(i, j, k) for k in negatives if distances[i, j] - distances[i, k] + margin > 0]
    return terms


@pytest.mark.parametrize("mining", MINING)
@pytest.mark.parametrize("form", ["hinge", "softplus"])
@pytest.mark.parametrize(("distance", "margin"), [("euclidean", 0.6), ("cosine", 0.2), ("dot", 1.0)])
def test_value_is_that_of_plain_loops(batch, value, distance_loops, pairs, precision, mining, form, distance, margin):
    labels, embeddings = batch
    distances = distance_loops(embeddings, embeddings, distance)
    terms = terms_of(labels, distances, pairs, mining, margin, form)
    loss = TripletLoss(margin, mining, distance, form, dtype=precision[0])
    expected = np.mean(terms) if terms else 0.0
    assert value(loss, labels, embeddings) == pytest.approx(expected, rel=precision[1], abs=1e-6)


@pytest.mark.parametrize("mining", MINING)
def test_separated_labels_have_no_loss(value, mining):
    loss = TripletLoss(1.0, mining, "euclidean")
    assert value(loss, np.array([0, 0, 1, 1]), np.array([[0.0], [0.5], [9.0], [9.5]])) == 0.0


@pytest.mark.parametrize("mining", ["batch_all", "batch_hard", "semi_hard"])
def test_more_margin_is_never_a_smaller_loss_on_the_same_triplets(batch, value, mining):
    values = [value(TripletLoss(margin, mining), *batch) for margin in (0.0, 0.1, 0.5, 2.0)]
    assert values == sorted(values)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_harder_triplets_have_a_larger_loss(seed):
    random = np.random.default_rng(seed)
    labels, embeddings = np.repeat(np.arange(3), 4), random.normal(size=(12, 3)).astype("float32")
    hard, everything = (float(TripletLoss(5.0, mining)(labels, embeddings)) for mining in ("batch_hard", "batch_all"))
    assert hard >= everything - 1e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": -1.0}, "`margin` must not be negative. Received: margin=-1.0"),
        ({"mining": "hardest"}, "one of batch_all, .*Received: mining='hardest'"),
        ({"form": "square"}, "form='square'"),
        ({"distance": "hamming"}, "distance='hamming'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        TripletLoss(**arguments)
