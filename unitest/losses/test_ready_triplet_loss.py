import numpy as np
import pytest

from comparators.losses import ReadyTripletLoss


@pytest.mark.parametrize("distance", ["euclidean", "cosine", "manhattan"])
def test_value_is_that_of_plain_loops(random, value, distance_loops, precision, distance):
    rows = random.normal(size=(5, 3, 4)).astype(precision[0])
    terms = []
    for row in rows:
        distances = distance_loops(row, row, distance)
        terms.append(max(0.0, distances[0, 1] - distances[0, 2] + 0.3))
    loss = ReadyTripletLoss(0.3, distance, dtype=precision[0])
    assert value(loss, np.zeros(5), rows) == pytest.approx(np.mean(terms), rel=precision[1])


def test_weights_of_the_rows_count(random, value):
    rows = random.normal(size=(2, 3, 4)).astype("float32")
    loss = ReadyTripletLoss(2.0)
    both = value(loss, np.zeros(2), rows, sample_weight=np.array([1.0, 0.0]))
    assert both == pytest.approx(value(loss, np.zeros(1), rows[:1]) / 2, rel=1e-6)


def test_gradient_is_finite_for_equal_items(gradients):
    loss = ReadyTripletLoss(distance="euclidean")
    (slope,) = gradients(lambda rows: loss(np.zeros(2), rows), np.ones((2, 3, 3), "float32"))
    assert np.isfinite(slope).all()


def test_configuration_goes_round():
    loss = ReadyTripletLoss(0.3, "manhattan", "softplus", name="triplets")
    assert type(loss).from_config(loss.get_config()).get_config() == loss.get_config()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"needs embeddings \(batch, 3, dim\).* Received: .*\(4, 2, 5\)"):
        ReadyTripletLoss()(np.zeros(4), np.zeros((4, 2, 5)))
    with pytest.raises(ValueError, match=r"margin=-0.1"):
        ReadyTripletLoss(margin=-0.1)
    with pytest.raises(ValueError, match=r"distance='hamming'"):
        ReadyTripletLoss(distance="hamming")
