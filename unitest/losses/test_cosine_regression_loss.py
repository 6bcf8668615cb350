"""The squared difference of cosine and score against plain loops."""

import numpy as np
import pytest

from comparators.losses import CosineRegressionLoss


def test_value_is_that_of_plain_loops(random, value, precision):
    pairs, scores = random.normal(size=(7, 2, 5)).astype(precision[0]), random.uniform(-1, 1, size=7)
    weights = random.uniform(size=7)
    terms = [
        (a @ b / np.linalg.norm(a) / np.linalg.norm(b) - score) ** 2
        for (a, b), score in zip(pairs, scores, strict=True)
    ]
    loss = CosineRegressionLoss(dtype=precision[0])
    assert value(loss, scores, pairs) == pytest.approx(np.mean(terms), rel=precision[1])
    weighted = value(loss, scores, pairs, sample_weight=weights)
    assert weighted == pytest.approx(np.mean(weights * terms), rel=precision[1])


def test_gradient_turns_towards_the_score(gradients):
    loss, pairs = CosineRegressionLoss(), np.array([[[1.0, 0.0], [1.0, 1.0]]], "float32")
    (closer,) = gradients(lambda rows: loss(np.array([1.0]), rows), pairs)
    (apart,) = gradients(lambda rows: loss(np.array([0.0]), rows), pairs)
    (still,) = gradients(lambda rows: loss(np.array([0.5**0.5]), rows), pairs)
    assert closer[0, 0, 1] < 0 < apart[0, 0, 1]
    np.testing.assert_allclose(still, 0, atol=1e-6)


def test_whole_numbers_are_scores_too(value):
    pairs = np.array([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]], "float32")
    assert value(CosineRegressionLoss(), np.array([1, 0]), pairs) == pytest.approx(0, abs=1e-12)
    assert value(CosineRegressionLoss(), np.array([0, 1]), pairs) == pytest.approx(1)


def test_other_shapes_are_named():
    with pytest.raises(ValueError, match=r"CosineRegressionLoss needs embeddings \(batch, 2, dim\)"):
        CosineRegressionLoss()(np.zeros(4), np.zeros((4, 3, 5)))
