import keras
import numpy as np
import pytest

import comparators
from comparators.callbacks import PairEqualErrorRate
from comparators.custom_layers import InBatchPairs, SimilarityHead
from comparators.custom_layers.similarity_head import FORMS
from comparators.models import Siamese


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_and_accuracy_of_ready_pairs_are_those_of_plain_numpy(weighted):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 12, 8)).astype("float32")
    same = (np.arange(12) % 2).astype("float32")
    weights = random.uniform(size=12).astype("float32") if weighted else None
    model = Siamese(keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)]))
    metrics = ["accuracy", "auc", PairEqualErrorRate(0, 1)]
    model.compile(loss="binary_crossentropy", metrics=metrics, weighted_metrics=["accuracy"])
    found = model.evaluate((a, b), same, sample_weight=weights, verbose=0, return_dict=True)

    probability = model.similarity(a, b)
    losses = -np.log(np.where(same == 1, probability, 1 - probability))
    right = (probability > 0.5) == (same == 1)
    weights = np.ones(12) if weights is None else weights
    assert found["loss"] == pytest.approx(np.mean(weights * losses), rel=1e-4)
    assert found["accuracy"] == pytest.approx(right.mean())
    assert found["weighted_accuracy"] == pytest.approx(np.sum(weights * right) / weights.sum(), rel=1e-4)


def test_losses_that_do_not_fit_the_batch():
    items, labels = np.zeros((6, 8), "float32"), np.arange(6) // 2
    model = Siamese.for_groups(keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)]))
    model.compile()
    with pytest.raises(ValueError, match=r"a batch of pairs, no loss\. Give `compile\(loss=\"binary_crossentropy\"\)`"):
        model.fit((items, items), np.ones(6), verbose=0)
    for loss in ("binary_crossentropy", keras.losses.BinaryCrossentropy()):
        model = Siamese(keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)]))
        model.compile(loss=loss)
        with pytest.raises(ValueError, match=r"Received: single items, loss=.*, objective=None\. Train on `Pairs`"):
            model.fit(items, labels, verbose=0)


def small_network() -> keras.Model:
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])


@pytest.fixture
def items():
    return np.random.default_rng(0).normal(size=(12, 8)).astype("float32")


@pytest.mark.parametrize("form", FORMS)
def test_trains_on_groups_and_comes_back_with_one_head(form, items, tmp_path):
    model = Siamese.for_groups(small_network(), form)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    history = model.fit(items, np.arange(12) // 4, batch_size=12, epochs=12, shuffle=False, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    loaded = comparators.load(tmp_path / "model.keras")
    assert loaded.objective.head is loaded.head
    np.testing.assert_allclose(loaded.similarity_matrix(items), model.similarity_matrix(items), atol=1e-6)


def test_a_pair_is_scored_as_similarity_and_the_matrix_score_it(items):
    model = Siamese(small_network())
    a, b = items[:6], items[6:]
    probability = keras.ops.convert_to_numpy(model((a, b)))
    assert probability.shape == (6,)
    np.testing.assert_allclose(model.similarity(a, b), probability, atol=1e-5)
    np.testing.assert_allclose(np.diag(model.similarity_matrix(a, b)), probability, atol=1e-5)
    assert keras.ops.convert_to_numpy(model(a)).shape == (6, 4)


@pytest.mark.parametrize("keep", [True, False])
def test_a_copy_keeps_the_head_whatever_its_objective(keep, items):
    model = Siamese.for_groups(small_network(), "l1")
    model.compile(optimizer=keras.optimizers.Adam(0.1))
    model.fit(items, np.arange(12) // 4, batch_size=12, epochs=3, shuffle=False, verbose=0)
    copy = model.with_objective(model.objective if keep else None)
    assert not copy.compiled
    np.testing.assert_allclose(copy.similarity_matrix(items), model.similarity_matrix(items), atol=1e-6)


def test_threshold_and_verification_go_by_the_probability(items):
    model = Siamese(small_network())
    threshold = model.fit_threshold(model.embed(items), np.arange(12) // 4)
    assert 0 <= threshold.value <= 1
    answer = model.verify(items[0], items[0])
    assert answer.score == pytest.approx(model.similarity(items[:1], items[:1])[0], abs=1e-6)
    assert answer.decision is True


def test_two_heads_are_refused():
    with pytest.raises(ValueError, match=r"`head` must be the objective's own"):
        Siamese(small_network(), head=SimilarityHead(), objective=InBatchPairs(SimilarityHead()))
