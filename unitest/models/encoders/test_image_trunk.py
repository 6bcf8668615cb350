"""Residual convolutions over images: shapes, batches, saving, errors."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ImageTrunk


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(9, 13, 17, 3)).astype("float32")


@pytest.mark.parametrize("pooling", ["average", "flatten"])
def test_batch_and_alone(images, pooling):
    trunk = ImageTrunk(channels=(4, 6), embedding_dim=5, pooling=pooling)
    together = ops.convert_to_numpy(trunk(images))
    assert together.shape == (9, 5)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(images[4:5]))[0], together[4], atol=1e-5)


def test_a_block_halves_but_in_the_first_stage():
    trunk = ImageTrunk(channels=(4, 4, 8), blocks_per_stage=2, embedding_dim=5)
    trunk.build((None, 16, 16, 1))
    maps = keras.KerasTensor((None, 16, 16, 1))
    sizes = []
    for block in trunk.blocks:
        maps = block(maps)
        sizes.append(maps.shape[1:])
    assert sizes == [(16, 16, 4), (16, 16, 4), (8, 8, 4), (8, 8, 4), (4, 4, 8), (4, 4, 8)]


def test_saved(images, tmp_path):
    trunk = ImageTrunk(channels=(4, 6), blocks_per_stage=2, embedding_dim=5, dropout=0.5)
    trunk.compile("adam", "mse")
    trunk.fit(images, np.zeros((9, 5)), epochs=2, verbose=0)
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(images, verbose=0), trunk.predict(images, verbose=0), atol=1e-6)


def test_without_projection(images, tmp_path):
    trunk = ImageTrunk(channels=(4, 6), embedding_dim=None, pooling="average")
    embeddings = trunk.predict(images, verbose=0)
    assert embeddings.shape == (9, 6)
    assert trunk.embedding_dim == 6
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(loaded.predict(images, verbose=0), embeddings, atol=1e-6)


def test_every_weight_is_trained(images):
    trunk = ImageTrunk(channels=(4, 6), blocks_per_stage=2, embedding_dim=5)
    trunk(images)
    before = [ops.convert_to_numpy(variable) for variable in trunk.trainable_variables]
    trunk.compile(keras.optimizers.Adam(0.01), "mse")
    trunk.fit(images, np.eye(9, 5), epochs=1, verbose=0)
    after = [ops.convert_to_numpy(variable) for variable in trunk.trainable_variables]
    assert all(np.abs(new - old).max() > 0 for new, old in zip(after, before, strict=True))


def test_half_precision_gives_unit_rows_in_float32(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        embeddings = ImageTrunk(channels=(4,), embedding_dim=5)(images)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(embeddings.dtype) == "float32"
    np.testing.assert_allclose(np.linalg.norm(ops.convert_to_numpy(embeddings), axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": ()}, r"`channels` must name the filters"),
        ({"channels": (8, 0)}, r"`channels` must name the filters .*Received: channels=\(8, 0\)"),
        ({"pooling": "max"}, r"`pooling` must be one of average, flatten"),
        ({"blocks_per_stage": 0}, r"`blocks_per_stage` must be positive"),
        ({"embedding_dim": 0}, r"`embedding_dim` must be positive"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageTrunk(**arguments)
