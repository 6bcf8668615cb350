"""The features before VGG16's classifier: the order of flattened places, counts, freezing, saving, errors."""

import importlib.util

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import VGGPenultimate, VGGTrunk

TINY = {"image_size": 64, "channels": (2, 3, 4, 5, 6), "num_features": 7}


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(3, 64, 64, 3)).astype("float32")


def make_state(trunk: VGGPenultimate) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = {name: weight.shape for weight in trunk.torch_weights() for name in weight.names}
    return {name: (0.3 * rng.normal(size=shape)).astype("float32") for name, shape in shapes.items()}


def test_places_are_flattened_as_in_pytorch(images):
    trunk = VGGPenultimate(None, **TINY)
    state = make_state(trunk) | {"classifier.6.weight": np.zeros((1000, 7))}
    load_state(trunk, state, unused=("classifier.6.",))
    maps = ops.convert_to_numpy(trunk.trunk(images))  # (3, 4, 4, 6)
    pooled = maps.reshape(3, 2, 2, 2, 2, 6).max((2, 4))
    flat = pooled.transpose(0, 3, 1, 2).reshape(3, -1)
    for name in ("classifier.0", "classifier.3"):
        flat = np.maximum(flat @ state[f"{name}.weight"].T + state[f"{name}.bias"], 0)
    assert flat.max() > 0.1
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(images)), flat, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_the_same_in_pytorch(images):
    import torch
    from torch import nn

    trunk = VGGPenultimate(None, **TINY)
    state = make_state(trunk)
    load_state(trunk, state)
    modules, channels = [], 3
    for number, filters in zip((2, 2, 3, 3, 3), TINY["channels"], strict=True):
        for _ in range(number):
            modules += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
            channels = filters
        modules.append(nn.MaxPool2d(2))
    features = nn.Sequential(*modules)
    classifier = nn.Sequential(nn.Linear(24, 7), nn.ReLU(), nn.Dropout(), nn.Linear(7, 7), nn.ReLU(), nn.Dropout())
    theirs = nn.Sequential()
    theirs.add_module("features", features)
    theirs.add_module("flatten", nn.Flatten())
    theirs.add_module("classifier", classifier)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    theirs = theirs.eval().to("cpu")
    with torch.no_grad():
        expected = theirs(torch.tensor(images.transpose(0, 3, 1, 2))).numpy()
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(images)), expected, rtol=1e-4, atol=1e-5)


def test_number_of_parameters():
    """Of the projection; the rest is too large to be made in a test."""
    trunk = VGGPenultimate(image_size=32, channels=(1, 1, 1, 1, 1))
    assert trunk.projection.count_params() == 4_195_328
    assert trunk.embedding_dim == 1024


def test_only_the_projection_is_trained(images):
    trunk = VGGPenultimate(4, **TINY)
    before = trunk.get_weights()
    trunk.compile(keras.optimizers.Adam(0.01), "mse")
    trunk.fit(images, np.ones((3, 4)), epochs=1, verbose=0)
    changed = [np.abs(new - old).max() > 0 for old, new in zip(before, trunk.get_weights(), strict=True)]
    assert sum(changed) == len(trunk.trainable_variables) == 2
    assert len(VGGPenultimate(4, **TINY, trainable=True).trainable_variables) == 32


@pytest.mark.parametrize("embedding_dim", [4, None])
def test_saved(images, tmp_path, embedding_dim):
    trunk = VGGPenultimate(embedding_dim, **TINY)
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    embeddings = loaded.predict(images, verbose=0)
    assert embeddings.shape == (3, embedding_dim or 7)
    np.testing.assert_allclose(embeddings, trunk.predict(images, verbose=0), atol=1e-6)


def test_another_architecture():
    trunk = VGGPenultimate(None, **TINY)
    state = make_state(VGGPenultimate(None, **{**TINY, "image_size": 96}))
    with pytest.raises(ValueError, match=r"Of another shape: classifier.0.weight is \(7, 54\), not \(7, 24\)\.$"):
        load_state(trunk, state)
    convolutions = VGGTrunk(TINY["channels"]).torch_weights()
    with pytest.raises(ValueError, match=r"Missing: classifier.0.bias, classifier.0.weight, classifier.3.bias"):
        load_state(trunk, {name: np.zeros(weight.shape) for weight in convolutions for name in weight.names})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"embedding_dim": 0}, r"`embedding_dim` must be positive or None. Received: embedding_dim=0"),
        ({"image_size": 100}, r"`image_size` must be a multiple of 32. Received: image_size=100"),
        ({"num_features": 0}, r"`num_features` must be positive"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        VGGPenultimate(**{**TINY, **arguments})


def test_images_of_another_size():
    with pytest.raises(ValueError, match=r"Images must be \(64, 64, 3\). Received: \(96, 64, 3\)"):
        VGGPenultimate(4, **TINY)(np.zeros((1, 96, 64, 3), "float32"))
