"""Correlations in the logs are the exact ones, and other callbacks can act on them."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from comparators.callbacks import GradedSimilarity
from comparators.losses import CoSENTLoss
from comparators.models import Encoder, Siamese


@pytest.fixture
def task():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 6)).astype("float32")
    pairs = pd.DataFrame({"item_a": rng.integers(0, 20, 60), "item_b": rng.integers(20, 39, 60)})
    a, b = x[pairs["item_a"], :2], x[pairs["item_b"], :2]
    cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    keras.utils.set_random_seed(0)
    return x, pairs.assign(same=np.round(5 * (cosines + 1) / 2, 1))


def small() -> keras.Model:
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])


def test_values_are_those_of_the_model_after_the_epoch(task):
    x, pairs = task
    model = Encoder(small())
    model.compile(keras.optimizers.Adam(0.03), CoSENTLoss())
    monitor = GradedSimilarity(x, pairs, ("spearman", "pearson"))
    rows = x[pairs["item_a"]], x[pairs["item_b"]]
    history = model.fit(
        rows, pairs["same"].to_numpy(), batch_size=60, epochs=15, verbose=0, callbacks=[monitor]
    ).history
    scores = model.similarity(*rows)
    assert history["val_spearman"][-1] == pytest.approx(spearmanr(scores, pairs["same"])[0], abs=1e-4)
    assert history["val_pearson"][-1] == pytest.approx(pearsonr(scores, pairs["same"])[0], abs=1e-5)
    assert history["val_spearman"][-1] > history["val_spearman"][0]


def test_each_item_of_the_pairs_is_embedded_once_and_no_other(task):
    x, pairs = task
    model = small()
    model.compile("sgd", "mse")
    calls = []
    model.embed = lambda inputs, batch_size: calls.append((list(inputs), batch_size)) or np.eye(len(inputs), 8) + 0.1
    texts = [f"text {number}" for number in range(40)]
    history = model.fit(
        x, x[:, :4], epochs=8, verbose=0, callbacks=[GradedSimilarity(texts, pairs, every=3, batch_size=9, name="dev")]
    ).history
    used = sorted({*pairs["item_a"], *pairs["item_b"]})
    assert calls == [([texts[item] for item in used], 9)] * 4  # after the epochs 1, 3, 6 and, as the last one, 8
    assert len(history["dev_spearman"]) == 8


@pytest.mark.parametrize(
    "kind", [lambda x: x, list, lambda x: {"features": x}, pd.DataFrame], ids=["array", "list", "dict", "table"]
)
def test_kinds_of_inputs(task, kind):
    x, pairs = task
    model = keras.Model(inputs := {"features": keras.Input((6,), name="features")}, small()(inputs["features"]))
    if kind(x).__class__ is not dict:
        model = small()
    if isinstance(kind(x), pd.DataFrame):
        model.embed = lambda inputs, batch_size: inputs.to_numpy()
    monitor = GradedSimilarity(kind(x), pairs)
    monitor.set_model(model)
    assert -1 <= monitor.measure()["val_spearman"] <= 1


def test_a_siamese_network_is_scored_by_its_head(task):
    x, pairs = task
    model = Siamese(small())
    monitor = GradedSimilarity(x, pairs)
    monitor.set_model(model)
    scores = model.similarity(x[pairs["item_a"]], x[pairs["item_b"]])
    assert monitor.measure()["val_spearman"] == pytest.approx(spearmanr(scores, pairs["same"])[0], abs=1e-3)


def test_checkpoints_can_monitor_it(task, tmp_path):
    x, pairs = task
    model = small()
    model.compile("sgd", "mse")
    callbacks = [
        GradedSimilarity(x, pairs),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "best.keras", monitor="val_spearman", mode="max", save_best_only=True
        ),
    ]
    best = max(model.fit(x, x[:, :4], epochs=4, verbose=0, callbacks=callbacks).history["val_spearman"])
    callbacks[0].set_model(keras.saving.load_model(tmp_path / "best.keras"))
    assert callbacks[0].measure()["val_spearman"] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("value", [np.nan, 0.0, 1.0])
def test_what_cannot_be_compared_is_nan_and_the_training_goes_on(task, value):
    x, pairs = task
    model = small()
    model.compile("sgd", "mse")
    model.embed = lambda inputs, batch_size: np.full((len(inputs), 4), value)
    with pytest.warns(UserWarning, match="cannot be compared|are equal"):
        history = model.fit(x, x[:, :4], epochs=2, verbose=0, callbacks=[GradedSimilarity(x, pairs)]).history
    assert np.isnan(history["val_spearman"]).all()
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"measures": "spearman"}, TypeError, r"Write \('spearman',\)"),
        ({"measures": ["kendall"]}, ValueError, "`measures` must be of spearman, pearson. Received: 'kendall'"),
        ({"measures": []}, ValueError, "Received: none"),
        ({"every": 0}, ValueError, "`every` must be positive"),
        ({"inputs": np.eye(38, 6)}, ValueError, "must be positions of the 38 items. Received: from 0 to 38"),
        ({"inputs": "folder"}, ValueError, "`inputs` must be a list, an array, .* Received: str"),
    ],
)
def test_wrong_arguments(task, change, error, message):
    x, pairs = task
    with pytest.raises(error, match=message):
        GradedSimilarity(**{"inputs": x, "pairs": pairs} | change)


def test_wrong_pairs(task):
    x, pairs = task
    with pytest.raises(ValueError, match=r"`pairs` must have a column `same`. Received: item_a, item_b. `read_text"):
        GradedSimilarity(x, pairs.drop(columns="same"))
    with pytest.raises(ValueError, match=r"two different ones at least. Received: 60, 1 of them different"):
        GradedSimilarity(x, pairs.assign(same=1.0))


def test_a_model_that_gives_no_embeddings_is_told(task):
    x, pairs = task
    model = small()
    model.embed = lambda inputs, batch_size: np.ones((3, 4))
    monitor = GradedSimilarity(x, pairs)
    monitor.set_model(model)
    with pytest.raises(ValueError, match=r"for each of the 3\d items of the pairs. Received: shape \(3, 4\)"):
        monitor.measure()
