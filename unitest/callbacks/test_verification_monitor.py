"""The monitor's figure is the exact one, and other callbacks can act on it."""

import keras
import numpy as np
import pytest

from comparators.callbacks import VerificationMonitor
from comparators.metrics import equal_error_rate, pair_scores


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
    monitors = [VerificationMonitor(x, codes, size, name=f"val_{size}") for size in (7, 100)]
    history = model.fit(x, codes, epochs=3, verbose=0, callbacks=monitors).history
    exact = equal_error_rate(*pair_scores(np.asarray(model.predict(x, verbose=0)), codes))
    assert history["val_7"][-1] == pytest.approx(exact, abs=1e-6)
    assert history["val_7"] == pytest.approx(history["val_100"], abs=1e-6)


def test_training_goes_on_as_without_it(task):
    model, x, codes = task
    start = model.get_weights()
    model.fit(x, codes, epochs=3, verbose=0, shuffle=False)
    alone = model.get_weights()
    again = keras.models.clone_model(model)
    again.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    again.set_weights(start)
    again.fit(x, codes, epochs=3, verbose=0, shuffle=False, callbacks=[VerificationMonitor(x, codes)])
    for first, second in zip(alone, again.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)


def test_checkpoint_and_early_stopping_can_monitor_it(task, tmp_path):
    model, x, codes = task
    path = tmp_path / "best.keras"
    callbacks = [
        VerificationMonitor(x, codes),
        keras.callbacks.ModelCheckpoint(path, monitor="val_eer", mode="min", save_best_only=True),
        keras.callbacks.EarlyStopping(monitor="val_eer", mode="min", patience=1, min_delta=1.0),
    ]
    history = model.fit(x, codes, epochs=9, verbose=0, callbacks=callbacks).history
    assert len(history["val_eer"]) == 2  # no step of 1.0 can come: stopped after one epoch of patience
    rows = np.asarray(keras.saving.load_model(path).predict(x, verbose=0))
    assert equal_error_rate(*pair_scores(rows, codes)) == pytest.approx(min(history["val_eer"]), abs=1e-6)


def test_the_models_own_embed_is_used(task):
    model, x, codes = task
    seen = []

    def embed(inputs, batch_size):
        seen.append((inputs, batch_size))
        return np.eye(6)[codes]

    model.embed = embed
    history = model.fit(x, codes, epochs=1, verbose=0, callbacks=[VerificationMonitor("folder", codes, 9)]).history
    assert seen == [("folder", 9)]
    assert history["val_eer"] == [0.0]


def test_inputs_of_several_arrays():
    inputs = {"waveforms": keras.Input((5,), name="waveforms"), "lengths": keras.Input((1,), name="lengths")}
    model = keras.Model(inputs, keras.layers.Concatenate()([inputs["waveforms"], inputs["lengths"]]))
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x = {"waveforms": rng.normal(size=(10, 5)).astype("float32"), "lengths": np.ones((10, 1), "float32")}
    monitor = VerificationMonitor(x, np.arange(10) % 3, batch_size=4)
    monitor.set_model(model)
    logs = {}
    monitor.on_epoch_end(0, logs)
    rows = np.concatenate([x["waveforms"], x["lengths"]], axis=1)
    assert logs["val_eer"] == pytest.approx(equal_error_rate(*pair_scores(rows, np.arange(10) % 3)), abs=1e-6)


def test_embeddings_that_are_not_finite_give_nan(task):
    model, x, codes = task
    model.embed = lambda inputs, batch_size: np.full((48, 2), np.nan)
    history = model.fit(x, codes, epochs=1, verbose=0, callbacks=[VerificationMonitor(x, codes)]).history
    assert np.isnan(history["val_eer"]).all()


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [[0, 0, 1]], []])
def test_labels_without_both_kinds_of_pairs(labels):
    with pytest.raises(ValueError, match=r"at least two labels, and two items of one of them. Received: shape"):
        VerificationMonitor(np.zeros((3, 2)), labels)
