"""CLIP's residual network: sizes, halving by means, saving, single pictures, bad input."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import ModifiedResNetTrunk


def tiny(**arguments) -> ModifiedResNetTrunk:
    sizes = {"size": (32, 64), "blocks": (1, 2, 1, 1), "width": 4, "num_heads": 2, "embedding_dim": 5}
    return ModifiedResNetTrunk(**sizes | arguments)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).normal(size=(64, 32, 64, 3)).astype("float32")


def test_batch_and_alone(pictures):
    trunk = tiny()
    embeddings = ops.convert_to_numpy(trunk(pictures))
    assert embeddings.shape == (64, 5)
    assert trunk.pooling.map_size == (1, 2)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(pictures[3:4]))[0], embeddings[3], atol=1e-5)


def test_stages_halve_by_means():
    """A pattern of single pixels, which a stride would see half of, is gone after the mean of two by two."""
    first = tiny().blocks[1]
    assert first.halves
    assert not tiny().blocks[2].halves
    pattern = np.tile([[1.0, -1.0], [-1.0, 1.0]], (4, 4)).astype("float32")[None, ..., None] * np.ones(16, "float32")
    beside = ops.average_pool(pattern, 2, 2, data_format="channels_last")
    np.testing.assert_allclose(ops.convert_to_numpy(beside), 0, atol=1e-7)
    assert tuple(first(pattern).shape) == (1, 4, 4, 32)


def test_published_sizes():
    """open_clip's count of RN50's parameters, its picture's part."""
    trunk = ModifiedResNetTrunk()
    assert sum(int(np.prod(weight.shape)) for weight in trunk.trainable_weights) == 38_316_896
    assert trunk.num_heads == 32


def test_saved_and_loaded(tmp_path, pictures):
    trunk = tiny()
    trunk(pictures, training=True)
    expected = ops.convert_to_numpy(trunk(pictures))
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(pictures)), expected, atol=1e-5)


def test_learns(pictures):
    keras.utils.set_random_seed(0)
    trunk = tiny(embedding_dim=1, blocks=(1, 1, 1, 1), size=(32, 32))
    trunk.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
    target = np.tile([0.0, 1.0], 32).astype("float32")[:, None]
    pictures = pictures[:, :, :32] + target[:, None, None]
    losses = trunk.fit(pictures, target, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_bad_input(pictures):
    with pytest.raises(ValueError, match=r"`size` must be multiples of 32 with 4 stages. Received: size=\(32, 40\)"):
        tiny(size=(32, 40))
    with pytest.raises(ValueError, match=r"`blocks` must name how many each stage has.*Received: blocks=\(\)"):
        tiny(blocks=())
    with pytest.raises(ValueError, match=r"must divide the map's channels, 128. Received: num_heads=3"):
        tiny(num_heads=3)
    with pytest.raises(ValueError, match=r"Pictures must be \(32, 64, 3\)"):
        tiny()(pictures[:, :, :32])
