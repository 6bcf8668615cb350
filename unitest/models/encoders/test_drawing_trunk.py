"""Plain convolutions over drawings: shapes, batches, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import DrawingTrunk


@pytest.fixture
def drawings():
    return np.random.default_rng(0).random(size=(7, 22, 26, 1)).astype("float32")


def test_batch_and_alone(drawings):
    trunk = DrawingTrunk(channels=(4, 6, 8), embedding_dim=5)
    together = ops.convert_to_numpy(trunk(drawings))
    assert together.shape == (7, 5)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(drawings[4:5]))[0], together[4], atol=1e-5)


@pytest.mark.parametrize(("smallest_map", "places"), [(1, 1), (3, 3 * 3), (6, 6 * 6), (12, 12 * 12), (99, 24 * 24)])
def test_halved_until_the_map_is_small(smallest_map, places):
    trunk = DrawingTrunk(channels=(4, 4, 4, 4, 4, 4), embedding_dim=5, smallest_map=smallest_map)
    trunk.build((None, 48, 48, 1))
    assert trunk.projection.kernel.shape[0] == places * 4


def test_saved(drawings, tmp_path):
    trunk = DrawingTrunk(channels=(4, 6), embedding_dim=5, smallest_map=4, dropout=0.5)
    trunk.compile("adam", "mse")
    trunk.fit(drawings, np.zeros((7, 5)), epochs=2, verbose=0)
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(drawings, verbose=0), trunk.predict(drawings, verbose=0), atol=1e-6)


def test_every_weight_is_trained(drawings):
    trunk = DrawingTrunk(channels=(4, 6), embedding_dim=5)
    trunk(drawings)
    before = [ops.convert_to_numpy(variable) for variable in trunk.trainable_variables]
    trunk.compile(keras.optimizers.Adam(0.01), "mse")
    trunk.fit(drawings, np.eye(7, 5), epochs=1, verbose=0)
    after = [ops.convert_to_numpy(variable) for variable in trunk.trainable_variables]
    assert all(np.abs(new - old).max() > 0 for new, old in zip(after, before, strict=True))


def test_half_precision_gives_unit_rows_in_float32(drawings):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        embeddings = DrawingTrunk(channels=(4, 4), embedding_dim=5)(drawings)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(embeddings.dtype) == "float32"
    np.testing.assert_allclose(np.linalg.norm(ops.convert_to_numpy(embeddings), axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": (8,)}, r"Received: channels=\(8,\)"),
        ({"channels": (8, 0)}, r"Received: channels=\(8, 0\)"),
        ({"embedding_dim": 0}, "Received: embedding_dim=0"),
        ({"smallest_map": 0}, "Received: smallest_map=0"),
        ({"dropout": 1.0}, "Received: dropout=1.0"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DrawingTrunk(**arguments)
