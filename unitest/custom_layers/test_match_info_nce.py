"""InfoNCE of two roles with hard negatives against plain loops, and its bad batches."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import MatchInfoNCE, SymmetricInfoNCE, VectorSimilarity


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def loops(a, b, labels, temperature):
    losses = []
    for row, (anchor, label) in enumerate(zip(a, labels, strict=False)):
        total = 0.0
        for column, item in enumerate(b):
            if column == row or labels[column] != label:
                total += np.exp(cosine(anchor, item) / temperature)
        losses.append(np.log(total) - cosine(anchor, b[row]) / temperature)
    return np.array(losses)


@pytest.mark.parametrize("num_hard", [0, 1, 3])
@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 1, 0, 1], [5, 5, 5, 5]])
def test_value_and_recall_are_those_of_plain_loops(random, num_hard, labels):
    a, b = random.normal(size=(4, 3)).astype("float32"), random.normal(size=(4 * (1 + num_hard), 3)).astype("float32")
    labels = [*labels, *random.integers(0, 7, size=4 * num_hard)]  # some are another row's match, or of its label
    objective = MatchInfoNCE(temperature=0.3)
    tensors = (ops.convert_to_tensor(a), ops.convert_to_tensor(b))
    losses = loops(a, b, labels, 0.3)
    np.testing.assert_allclose(float(objective(tensors, ops.array(labels))), losses.mean(), rtol=1e-5, atol=1e-6)
    weights = np.array([0.0, 1.0, 2.0, 0.5], "float32")
    weighted = objective(tensors, ops.array(labels), sample_weight=ops.convert_to_tensor(weights))
    np.testing.assert_allclose(float(weighted), np.average(losses, weights=weights), rtol=1e-5, atol=1e-6)
    scores = np.array([[cosine(one, other) for other in b] for one in a])
    same = np.array([[labels[i] == labels[j] for j in range(len(b))] for i in range(4)])
    found = [same[i][scores[i].argmax()] for i in range(4)]
    assert float(objective.measures(tensors, ops.array(labels))["recall_at_1"]) == pytest.approx(np.mean(found))


def test_without_hard_negatives_both_ways_are_the_symmetric_loss(random):
    a, b = (ops.convert_to_tensor(random.normal(size=(5, 4)).astype("float32")) for _ in range(2))
    labels = ops.array([0, 1, 2, 1, 3])
    ways = [float(MatchInfoNCE(temperature=0.2)(pair, labels)) for pair in ((a, b), (b, a))]
    assert np.mean(ways) == pytest.approx(float(SymmetricInfoNCE(temperature=0.2)((a, b), labels)), rel=1e-5)


def test_large_dot_products_stay_finite(random):
    a, b = (ops.convert_to_tensor(100 * random.normal(size=(n, 8)).astype("float32")) for n in (4, 8))
    objective = MatchInfoNCE(VectorSimilarity("dot"), temperature=0.001)
    assert np.isfinite(float(objective((a, b), ops.arange(8))))


def test_one_row_needs_a_hard_negative():
    row, items = ops.array([[1.0, 0.0]]), ops.array([[1.0, 1.0], [1.0, 0.0]])
    assert float(MatchInfoNCE()((row, items), ops.array([0, 1]))) > 5
    assert float(MatchInfoNCE()((row, items), ops.array([0, 0]))) == 0.0
    with pytest.raises(ValueError, match=r"MatchInfoNCE needs impostors. Received: a batch of one"):
        MatchInfoNCE()((row, row), ops.array([0]))


def test_configuration_goes_round():
    objective = MatchInfoNCE(VectorSimilarity("dot"), temperature=1.0, name="mine")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == objective.get_config()
    assert again.similarity.form == "dot"
    with pytest.raises(ValueError, match=r"`temperature` must be positive. Received: temperature=0"):
        MatchInfoNCE(temperature=0)
