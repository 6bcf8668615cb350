"""The monitor's figures are the exact ones, and other callbacks can act on them."""

import keras
import numpy as np
import pandas as pd
import pytest

from comparators.callbacks import EmbeddingMonitor
from comparators.metrics import equal_error_rate, pair_scores, precision_at_1


@pytest.fixture
def task():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(6), 8)
    x = (rng.normal(size=(6, 5))[codes] + 0.7 * rng.normal(size=(48, 5))).astype("float32")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(6)])
    model.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, x, codes


def test_value_is_the_error_on_all_pairs_whatever_the_batches(task):
    model, x, codes = task
    monitors = [EmbeddingMonitor(x, codes, name=f"b{size}", batch_size=size) for size in (7, 100)]
    history = model.fit(x, codes, epochs=3, verbose=0, callbacks=monitors).history
    exact = equal_error_rate(*pair_scores(np.asarray(model.predict(x, verbose=0)), codes))
    assert history["b7_eer"][-1] == pytest.approx(exact, abs=1e-6)
    assert history["b7_eer"] == pytest.approx(history["b100_eer"], abs=1e-6)


def test_seen_and_unseen_labels_are_measured_apart(task):
    model, x, codes = task
    names = np.array(["ann", "bob", "dan", "eve", "joe", "kim"])[codes]
    seen = codes < 4
    monitor = EmbeddingMonitor(x, names, ("precision_at_1", "eer", "ami"), seen=["eve", "dan", "bob", "ann", "zoe"])
    history = model.fit(x[seen], codes[seen], epochs=1, verbose=0, callbacks=[monitor]).history
    parts = [f"val_{part}_{measure}" for part in ("seen", "unseen") for measure in ("precision_at_1", "eer", "ami")]
    assert [name for name in history if name != "loss"] == parts
    rows = np.asarray(model.predict(x, verbose=0))
    for part, members in (("seen", seen), ("unseen", ~seen)):
        exact = equal_error_rate(*pair_scores(rows[members], names[members]))
        assert history[f"val_{part}_eer"] == [pytest.approx(exact, abs=1e-6)]
        assert history[f"val_{part}_precision_at_1"] == [precision_at_1(rows[members], names[members])]


def test_training_goes_on_as_without_it(task):
    model, x, codes = task
    start = model.get_weights()
    model.fit(x, codes, epochs=3, verbose=0, shuffle=False)
    alone = model.get_weights()
    again = keras.models.clone_model(model)
    again.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    again.set_weights(start)
    again.fit(x, codes, epochs=3, verbose=0, shuffle=False, callbacks=[EmbeddingMonitor(x, codes, ("ami", "auc"))])
    for first, second in zip(alone, again.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize(("measure", "mode", "best"), [("unseen_eer", "min", min), ("seen_map_at_r", "max", max)])
def test_checkpoint_and_early_stopping_can_monitor_it(task, tmp_path, measure, mode, best):
    model, x, codes = task
    path, name = tmp_path / "best.keras", f"val_{measure}"
    monitor = EmbeddingMonitor(x, codes, ("eer", "map_at_r"), seen=[0, 1, 2])
    callbacks = [
        monitor,
        keras.callbacks.ModelCheckpoint(path, monitor=name, mode=mode, save_best_only=True),
        keras.callbacks.EarlyStopping(monitor=name, mode=mode, patience=1, min_delta=1.0),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    history = model.fit(x, codes, epochs=9, verbose=0, callbacks=callbacks).history
    assert len(history[name]) == 2  # no step of 1.0 can come: stopped after one epoch of patience
    monitor.set_model(keras.saving.load_model(path))
    assert monitor.measure()[name] == pytest.approx(best(history[name]), abs=1e-6)
    assert pd.read_csv(tmp_path / "log.csv")[name].tolist() == pytest.approx(history[name])


def test_after_the_others_in_the_list_it_comes_too_late(task, tmp_path):
    model, x, codes = task
    early = keras.callbacks.EarlyStopping(monitor="val_eer", mode="min")
    with pytest.warns(UserWarning, match="`val_eer` which is not available"):
        model.fit(x, codes, epochs=1, verbose=0, callbacks=[early, EmbeddingMonitor(x, codes)])


def test_items_are_embedded_once_in_each_measured_epoch(task):
    model, x, codes = task
    calls = []
    model.embed = lambda inputs, batch_size: calls.append((inputs, batch_size)) or np.eye(6)[codes]
    monitor = EmbeddingMonitor("folder", codes, ("eer", "r_precision", "nmi"), seen=[1, 2], every=3, batch_size=9)
    history = model.fit(x, codes, epochs=8, verbose=0, callbacks=[monitor]).history
    assert calls == [("folder", 9)] * 4  # after the epochs 1, 3, 6 and, as the last one, 8
    assert history["val_unseen_eer"] == [0.0] * 8
    model.fit(x, codes, epochs=1, verbose=0, callbacks=[monitor])
    assert len(calls) == 5  # a new training is measured anew


def test_the_models_scorer_is_used(task):
    model, x, codes = task
    model.embed = lambda inputs, batch_size: inputs
    for scorer in ("euclidean", lambda a, b: a @ b.T):
        model.scorer = scorer
        monitor = EmbeddingMonitor(x, codes, ("eer", "precision_at_1"))
        monitor.set_model(model)
        expected = [equal_error_rate(*pair_scores(x, codes, scorer)), precision_at_1(x, codes, scorer)]
        assert list(monitor.measure().values()) == expected


def test_inputs_of_several_arrays():
    inputs = {"waveforms": keras.Input((5,), name="waveforms"), "lengths": keras.Input((1,), name="lengths")}
    model = keras.Model(inputs, keras.layers.Concatenate()([inputs["waveforms"], inputs["lengths"]]))
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x = {"waveforms": rng.normal(size=(10, 5)).astype("float32"), "lengths": np.ones((10, 1), "float32")}
    monitor = EmbeddingMonitor(x, np.arange(10) % 3, batch_size=4)
    monitor.set_model(model)
    rows = np.concatenate([x["waveforms"], x["lengths"]], axis=1)
    assert monitor.measure()["val_eer"] == pytest.approx(
        equal_error_rate(*pair_scores(rows, np.arange(10) % 3)), abs=1e-6
    )


def test_a_list_of_arrays(task):
    model, x, codes = task
    monitors = [EmbeddingMonitor(inputs, codes, batch_size=7) for inputs in (x, list(x))]
    for monitor in monitors:
        monitor.set_model(model)
    assert monitors[0].measure() == pytest.approx(monitors[1].measure())


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_embeddings_without_a_cosine_give_nan_and_the_training_goes_on(task, value):
    model, x, codes = task
    model.embed = lambda inputs, batch_size: np.full((48, 2), value)
    with pytest.warns(UserWarning, match="val is NaN, since the embeddings cannot be compared"):
        history = model.fit(x, codes, epochs=2, verbose=0, callbacks=[EmbeddingMonitor(x, codes)]).history
    assert np.isnan(history["val_eer"]).all()


def test_another_number_of_embeddings(task):
    model, _, codes = task
    model.embed = lambda inputs, batch_size: np.ones((47, 2))
    monitor = EmbeddingMonitor("folder", codes)
    monitor.set_model(model)
    with pytest.raises(ValueError, match=r"each of the 48 labels. Received: shape \(47, 2\)"):
        monitor.measure()


@pytest.mark.parametrize(
    ("labels", "seen", "message"),
    [
        ([0, 0, 0, 0], None, r"For `val_...` there must be.*Received: 4 items of 1 labels \(0\). Add validation items"),
        ([0, 1, 2, 3], None, r"two items of one of them. Received: 4 items of 4 labels \(0, 1, 2, 3\)"),
        (["a", "a", "b", "c"], ["a"], r"For `val_seen_...`.*Received: 2 items of 1 labels \('a'\)"),
        (["a", "a", "b", "c"], ["a", "b"], r"For `val_unseen_...`.*Received: 1 items of 1 labels \('c'\)"),
        (["a", "a", "b", "c"], ["x"], r"Received: none of them; seen=\['x'\], labels=\['a', 'b', 'c'\]"),
        (["a", None, "b", "c"], None, "A label must not be missing. Received: None for item 1"),
        ([0, 0, 1], None, r"one for each of the 4 items. Received: shape \(3,\)"),
    ],
)
def test_bad_labels(labels, seen, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingMonitor(np.zeros((4, 2)), labels, seen=seen)


def test_bad_arguments():
    with pytest.raises(TypeError, match=r"`labels` must hold the label of each item. Received: None"):
        EmbeddingMonitor(np.zeros((4, 2)), None)
    with pytest.raises(ValueError, match=r"`every` must be positive. Received: every=0"):
        EmbeddingMonitor(np.zeros((4, 2)), [0, 0, 1, 1], every=0)
    with pytest.raises(ValueError, match=r"`batch_size` must be positive. Received: batch_size=0"):
        EmbeddingMonitor(np.zeros((4, 2)), [0, 0, 1, 1], batch_size=0)
