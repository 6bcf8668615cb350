import keras
import numpy as np
import pytest

from comparators.callbacks import PairEqualErrorRate
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
