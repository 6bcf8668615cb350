"""The mean of saved epochs."""

import keras
import numpy as np
import pytest

from comparators.models import average_weights


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def small_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])
    model.compile("adam", "mse")
    return model


def test_weights_are_the_mean_of_the_chosen_epochs(tmp_path, random):
    x, y = (random.normal(size=(32, size)).astype("float32") for size in (3, 4))
    model = small_model()
    seen = []
    callbacks = [
        keras.callbacks.ModelCheckpoint(str(tmp_path / "{epoch:02d}.weights.h5"), save_weights_only=True),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights())),
    ]
    model.fit(x, y, epochs=4, verbose=0, callbacks=callbacks)
    model = small_model()
    average_weights(model, [tmp_path / f"{epoch:02d}.weights.h5" for epoch in (2, 3, 4)])
    for weight, *values in zip(model.get_weights(), *seen[1:], strict=True):
        np.testing.assert_allclose(weight, np.mean(values, axis=0), rtol=1e-5, atol=1e-7)


@keras.saving.register_keras_serializable("tests")
class Counted(keras.layers.Layer):
    """Has a weight that is no number of a kind to be averaged."""

    def build(self, input_shape):
        self.counter = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False)

    def call(self, inputs):
        return inputs


def test_integers_are_the_last_ones(tmp_path):
    model = keras.Sequential([keras.Input((3,)), Counted()])
    for value in (1, 8):
        model.layers[0].counter.assign(value)
        model.save_weights(tmp_path / f"{value}.weights.h5")
    average_weights(model, [tmp_path / "1.weights.h5", tmp_path / "8.weights.h5"])
    assert int(model.layers[0].counter) == 8


@pytest.mark.parametrize("fault", ["another model", "damaged", "gone"])
def test_a_file_that_does_not_fit_is_named_and_leaves_the_model_as_it_was(tmp_path, random, fault):
    model, x = small_model(), random.normal(size=(8, 3)).astype("float32")
    model.fit(x, np.zeros((8, 4), "float32"), verbose=0)
    model.save_weights(tmp_path / "1.weights.h5")
    if fault == "another model":
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)]).save_weights(tmp_path / "2.weights.h5")
    elif fault == "damaged":
        (tmp_path / "2.weights.h5").write_bytes(b"")
    model.fit(x, np.ones((8, 4), "float32"), verbose=0)
    before = [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]
    with pytest.raises((ValueError, FileNotFoundError), match=f"'{tmp_path}/2.weights.h5'"):
        average_weights(model, [tmp_path / "1.weights.h5", tmp_path / "2.weights.h5"])
    for variable, value in zip((*model.variables, *model.optimizer.variables), before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_single_path_is_refused(tmp_path):
    for path in ("1.weights.h5", tmp_path / "1.weights.h5"):
        with pytest.raises(TypeError, match=r"must be a list of files\. Received: '.*1\.weights\.h5'"):
            average_weights(small_model(), path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        average_weights(small_model(), [tmp_path / "gone.weights.h5"])
    with pytest.raises(ValueError, match="at least one"):
        average_weights(small_model(), [])
