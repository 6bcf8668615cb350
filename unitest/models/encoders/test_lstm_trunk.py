"""The recurrent trunk: parity with the published network, padding, saving, errors."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import LSTMTrunk
from comparators.models.resemblyzer import set_trunk_state

GOLDEN = Path(__file__).parents[2] / "golden"
RULE = importlib.util.spec_from_file_location("golden_rule", GOLDEN / "rule.py")
rule = importlib.util.module_from_spec(RULE)
RULE.loader.exec_module(rule)


@pytest.fixture
def ragged(rng):
    return {"features": rng.normal(size=(64, 50, 10)).astype("float32"), "lengths": rng.integers(1, 51, 64)}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_published_network():
    info, arrays = rule.load_case("voice_encoder")
    state = rule.make_state(info["state"], info["seed"], info["excluded"], info["gain"])
    mels = rule.make_inputs(info["inputs"], info["seed"])["mels"]
    trunk = LSTMTrunk(activation="relu")
    set_trunk_state(trunk, state, num_features=40)
    outputs = [mels]
    for layer in trunk.recurrent_layers:
        outputs.append(ops.convert_to_numpy(layer(outputs[-1])))
    values = {
        "lstm_last_layer": outputs[-1],
        "hidden": np.stack([output[:, -1] for output in outputs[1:]]),
        "embedding": ops.convert_to_numpy(trunk(mels)),
    }
    for name, value in values.items():
        assert rule.compare(info, arrays, name, value)[1] < 3e-5, name


def test_batch_and_alone(ragged):
    trunk = LSTMTrunk(units=8, num_layers=2, embedding_dim=4)
    together = ops.convert_to_numpy(trunk(ragged))
    ragged["features"][0, ragged["lengths"][0] :] = 100.0
    for item in range(0, 64, 32):
        length = ragged["lengths"][item]
        alone = ops.convert_to_numpy(trunk(ragged["features"][item : item + 1, :length]))
        np.testing.assert_allclose(alone[0], together[item], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)


def test_saved_and_trained(ragged, tmp_path):
    trunk = LSTMTrunk(units=8, num_layers=2, embedding_dim=4, activation="relu", name="ears")
    trunk.compile("adam", "mse")
    before = trunk.predict(ragged, verbose=0)
    trunk.fit(ragged, np.zeros((64, 4)), verbose=0)
    after = trunk.predict(ragged, verbose=0)
    assert np.abs(after - before).max() > 1e-6
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(ragged, verbose=0), after, atol=1e-6)


def test_shapes_without_values():
    trunk = LSTMTrunk(units=8, num_layers=1, embedding_dim=4)
    inputs = {"features": keras.KerasTensor((None, None, 10)), "lengths": keras.KerasTensor((None,), "int32")}
    assert trunk(inputs).shape == (None, 4)
    assert trunk.count_params() == 4 * 8 * (10 + 8 + 1) + 8 * 4 + 4


def test_half_precision(ragged):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        embeddings = LSTMTrunk(units=8, num_layers=1, embedding_dim=4)(ragged)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(embeddings.dtype) == "float32"
    np.testing.assert_allclose(np.linalg.norm(ops.convert_to_numpy(embeddings), axis=1), 1, rtol=1e-3)


@pytest.mark.parametrize("argument", ["units", "num_layers", "embedding_dim"])
def test_sizes(argument):
    with pytest.raises(ValueError, match=rf"`{argument}` must be positive. Received: {argument}=0."):
        LSTMTrunk(**{argument: 0})
