"""CLIP's vision transformer: the class token, saving, single pictures, training, bad input."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ClipImageTrunk


def tiny(**arguments) -> ClipImageTrunk:
    sizes = {"size": (12, 8), "channels": 1, "patch_size": 4, "width": 8, "depth": 2, "num_heads": 2}
    return ClipImageTrunk(**sizes | {"embedding_dim": 5} | arguments)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).normal(size=(64, 12, 8, 1)).astype("float32")


def test_embedding_is_the_class_token(pictures):
    """Step by step, with all tokens up to the end."""
    trunk = tiny()
    patches = ops.convert_to_numpy(trunk.patches(pictures))
    first = np.broadcast_to(ops.convert_to_numpy(trunk.class_token), (64, 1, 8))
    tokens = np.concatenate([first, patches], axis=1) + ops.convert_to_numpy(trunk.positions)
    assert tokens.shape == (64, 1 + 3 * 2, 8)
    tokens = trunk.norm_before(tokens)
    for block in trunk.blocks:
        tokens = block(tokens)
    expected = ops.convert_to_numpy(trunk.norm(tokens)[:, 0]) @ ops.convert_to_numpy(trunk.projection.kernel)
    embeddings = ops.convert_to_numpy(trunk(pictures))
    assert embeddings.shape == (64, 5)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(pictures[3:4]))[0], embeddings[3], atol=1e-5)


def test_heads_and_activation():
    assert ClipImageTrunk(size=(8, 8), patch_size=8, width=128, depth=1).num_heads == 2
    assert tiny(num_heads=None).num_heads == 1
    assert tiny().blocks[0].activation == "quick_gelu"
    assert tiny(activation="gelu", hidden_dim=12).blocks[1].get_config()["hidden_dim"] == 12


def test_published_sizes():
    """open_clip's count of ViT-B-32's parameters, its picture's part."""
    trunk = ClipImageTrunk()
    assert trunk.count_params() == 87_849_216


def test_saved_and_loaded(tmp_path, pictures):
    trunk = tiny(dropout=0.1, activation="gelu")
    expected = ops.convert_to_numpy(trunk(pictures))
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(pictures)), expected, atol=1e-6)


def test_half_precision_gives_float32(pictures):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        embeddings = tiny()(pictures)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(embeddings.dtype) == "float32"
    assert np.isfinite(ops.convert_to_numpy(embeddings)).all()


def test_learns(pictures):
    keras.utils.set_random_seed(0)
    trunk = tiny(embedding_dim=1)
    trunk.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    target = (pictures[:, :4, :4].mean(axis=(1, 2, 3)) > 0).astype("float32")[:, None]
    losses = trunk.fit(pictures, target, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]


def test_bad_input(pictures):
    with pytest.raises(ValueError, match=r"`size` must be multiples of `patch_size`. Received: size=\(10, 8\), patch"):
        tiny(size=(10, 8))
    with pytest.raises(ValueError, match=r"`depth` must be positive. Received: depth=0"):
        tiny(depth=0)
    with pytest.raises(ValueError, match=r"`activation` must be one of gelu, quick_gelu.*Received: activation='swish'"):
        tiny(activation="swish")
    with pytest.raises(ValueError, match=r"Pictures must be \(12, 8, 1\), .*Received: \(8, 12, 1\)"):
        tiny()(pictures.transpose(0, 2, 1, 3))
