"""CoSENT against plain loops, and where there is nothing to put in order."""

import keras
import numpy as np
import pytest

from comparators.losses import CoSENTLoss


def loops(scores, pairs, scale):
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs]
    total = 1.0
    for i, high in enumerate(scores):
        for j, low in enumerate(scores):
            if high > low:
                total += np.exp(scale * (cosines[j] - cosines[i]))
    return np.log(total)


@pytest.mark.parametrize("scale", [1.0, 20.0])
@pytest.mark.parametrize(
    "scores", [[0.0, 5.0, 2.5, 2.5, 3.2, 0.0], [1, 0, 1, 0, 0, 1], [-3.0, 1e4, 2.0, 7.0, 1.0, 0.5]]
)
def test_value_is_that_of_plain_loops(random, value, precision, scores, scale):
    pairs = random.normal(size=(6, 2, 4)).astype(precision[0])
    expected = loops(scores, pairs, scale)
    loss = CoSENTLoss(scale, dtype=precision[0])
    assert value(loss, np.array(scores), pairs) == pytest.approx(expected, rel=precision[1])


def test_gradient_is_that_of_small_steps(random, gradients, precision):
    scores, pairs = np.array([0.1, 0.9, 0.4]), random.normal(size=(3, 2, 3)).astype(precision[0])
    loss = CoSENTLoss(5.0, dtype=precision[0])
    (slope,) = gradients(lambda rows: loss(scores, rows), pairs)
    step = 1e-5
    for place in np.ndindex(pairs.shape):
        moved = np.zeros(pairs.shape)
        moved[place] = step
        wide = pairs.astype("float64")
        expected = (loops(scores, wide + moved, 5.0) - loops(scores, wide - moved, 5.0)) / (2 * step)
        assert slope[place] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("scores", [[2.0, 2.0, 2.0], [0, 0, 0]])
def test_equal_scores_have_no_loss_and_no_gradient(random, gradients, value, scores):
    pairs = random.normal(size=(3, 2, 4)).astype("float32")
    (slope,) = gradients(lambda rows: CoSENTLoss()(np.array(scores), rows), pairs)
    assert value(CoSENTLoss(), np.array(scores), pairs) == 0.0
    assert (slope == 0).all()
    assert value(CoSENTLoss(), np.array(scores[:1]), pairs[:1]) == 0.0


def test_only_the_order_of_the_scores_counts(random, value):
    pairs, scores = random.normal(size=(8, 2, 4)).astype("float32"), random.uniform(size=8).astype("float32")
    expected = value(CoSENTLoss(), scores, pairs)
    for other in (5 * scores, np.exp(scores), (100 * scores).astype(int), scores[:, None]):
        assert value(CoSENTLoss(), other, pairs) == pytest.approx(expected, rel=1e-5)


def test_a_large_scale_and_far_cosines_stay_finite(value, gradients):
    pairs = np.array([[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]], "float32")
    assert value(CoSENTLoss(1e4), np.array([1.0, 0.0]), pairs) == pytest.approx(2e4)
    (slope,) = gradients(lambda rows: CoSENTLoss(1e4)(np.array([1.0, 0.0]), rows), pairs)
    assert np.isfinite(slope).all()


def test_encoder_learns_the_order_and_keeps_the_loss_in_its_file(random, tmp_path):
    from scipy.stats import spearmanr

    import comparators
    from comparators.models import Encoder

    keras.utils.set_random_seed(0)
    scores = random.permutation(np.linspace(0, 5, 32)).astype("float32")
    a, b = random.normal(size=(2, 32, 8)).astype("float32")
    a[:, 0], b[:, 0] = 1.0, scores - 2.5  # what tells how alike they are, amid noise
    model = Encoder(keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)]))
    model.compile(optimizer=keras.optimizers.Adam(0.03), loss=CoSENTLoss())
    before = spearmanr(model.similarity(a, b), scores)[0]
    model.fit((a, b), scores, batch_size=32, epochs=40, verbose=0)
    assert spearmanr(model.similarity(a, b), scores)[0] > max(before, 0.8)
    model.save(tmp_path / "model.keras")
    again = comparators.load(tmp_path / "model.keras")
    assert again.loss.get_config() == model.loss.get_config()
    np.testing.assert_allclose(again.similarity(a, b), model.similarity(a, b), rtol=1e-5)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"`scale` must be positive. Received: scale=0"):
        CoSENTLoss(0)
    with pytest.raises(ValueError, match=r"CoSENTLoss needs embeddings \(batch, 2, dim\).*Received.*\(4, 3\)"):
        CoSENTLoss()(np.zeros(4), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"one code for each row"):
        CoSENTLoss()(np.zeros((4, 2)), np.zeros((4, 2, 3)))
