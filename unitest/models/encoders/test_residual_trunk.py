"""The ResNet of torchvision's form: parity, counts, frozen statistics, saving, errors."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import ResidualTrunk, VGGTrunk
from comparators.models.encoders.residual_trunk import name_children

GOLDEN = Path(__file__).parents[2] / "golden"
RULE = importlib.util.spec_from_file_location("golden_rule", GOLDEN / "rule.py")
rule = importlib.util.module_from_spec(RULE)
RULE.loader.exec_module(rule)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(4, 33, 50, 3)).astype("float32")


def tiny(**arguments) -> ResidualTrunk:
    return ResidualTrunk(**{"blocks": (1, 2), "block": "bottleneck", "width": 4, **arguments})


def test_published_network():
    info, arrays = rule.load_case("resnet101_features")
    state = rule.make_state(info["state"], info["seed"], info["excluded"], info["gain"])
    image = rule.make_inputs(info["inputs"], info["seed"])["image"].transpose(0, 2, 3, 1)
    trunk = ResidualTrunk.resnet(101)
    load_state(trunk, name_children(state))
    features = ops.convert_to_numpy(trunk(image))[:, :, None, None]
    assert rule.compare(info, arrays, "features", features)[1] < 3e-5


def test_number_of_parameters():
    """torchvision's counts, without the classifier and without the stored statistics."""
    trunk = ResidualTrunk.resnet(18)
    assert sum(int(np.prod(variable.shape)) for variable in trunk.trainable_variables) == 11_689_512 - 513_000
    trunk = ResidualTrunk.resnet(34)
    assert sum(int(np.prod(variable.shape)) for variable in trunk.trainable_variables) == 21_797_672 - 513_000
    weights = ResidualTrunk.resnet(101).torch_weights()
    trained = [weight for weight in weights if "running" not in weight.names[0]]
    assert sum(int(np.prod(weight.shape)) for weight in trained) == 42_500_160


def test_batch_and_alone(images):
    trunk = tiny()
    together = ops.convert_to_numpy(trunk(images))
    assert together.shape == (4, 32)
    np.testing.assert_allclose(ops.convert_to_numpy(trunk(images[2:3]))[0], together[2], atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (31, 32), (33, 50)])
def test_sizes_of_maps(size):
    trunk = tiny(output="map")
    maps = trunk(ops.zeros((1, *size, 3)))
    assert tuple(maps.shape) == trunk.compute_output_shape((1, *size, 3))
    assert tuple(maps.shape)[1:3] == tuple(-(-side // 8) for side in size)


def test_the_average_is_of_the_map(images):
    maps, average = tiny(output="map"), tiny()
    average.set_weights(maps.get_weights())
    np.testing.assert_allclose(
        ops.convert_to_numpy(average(images)), ops.convert_to_numpy(maps(images)).mean((1, 2)), rtol=1e-5, atol=1e-6
    )


def test_a_frozen_trunk_stays_as_it_is(images):
    trunk = tiny(trainable=False)
    assert trunk.trainable_variables == []
    before = trunk.get_weights()
    model = keras.Sequential([trunk, keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(images, np.zeros((4, 2)), epochs=2, verbose=0)
    for old, new in zip(before, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    in_use, in_training = (ops.convert_to_numpy(trunk(images, training=training)) for training in (False, True))
    np.testing.assert_array_equal(in_use, in_training)


def test_every_weight_of_a_trunk_is_trained(images):
    trunk = tiny()
    before = trunk.get_weights()
    trunk.compile(keras.optimizers.Adam(0.01), "mse")
    trunk.fit(images, np.ones((4, 32)), epochs=1, verbose=0)
    assert all(np.abs(new - old).max() > 0 for old, new in zip(before, trunk.get_weights(), strict=True))


@pytest.mark.parametrize("trainable", [True, False])
def test_saved(images, tmp_path, trainable):
    trunk = tiny(trainable=trainable, output="map")
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    assert loaded.get_config() == trunk.get_config()
    assert loaded.trainable == trainable
    np.testing.assert_allclose(loaded.predict(images, verbose=0), trunk.predict(images, verbose=0), atol=1e-6)


def test_half_precision_gives_an_average_in_float32(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        features = tiny()(images)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(features.dtype) == "float32"


def test_another_architecture():
    """Names and the first shapes that differ are listed, and nothing is loaded."""
    trunk, other = tiny(), tiny(blocks=(1, 3), width=8)
    before = trunk.get_weights()
    state = {name: np.zeros(weight.shape, "float32") for weight in other.torch_weights() for name in weight.names}
    del state["bn1.bias"]
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        load_state(trunk, state | {"fc.bias": np.zeros(10)}, unused=("fc.",))
    for text in (
        "Missing: bn1.bias. Unexpected: layer2.2.bn1.bias, ",
        "Of another shape: conv1.weight is (8, 3, 7, 7), not (4, 3, 7, 7), bn1.weight is (8,), not (4,), ",
    ):
        assert text in str(error.value)
    state = {name: np.zeros(weight.shape) for weight in VGGTrunk((2,) * 5).torch_weights() for name in weight.names}
    with pytest.raises(ValueError, match=r"Missing: bn1.bias, .* more. Unexpected: features.0.bias, .* more\.$"):
        load_state(trunk, state)
    for old, new in zip(before, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": ()}, r"`blocks` must name how many each stage has, all positive. Received: blocks=\(\)"),
        ({"blocks": (1, 0)}, r"`blocks` must name"),
        ({"block": "wide"}, r"`block` must be one of basic, bottleneck. Received: block='wide'"),
        ({"width": 0}, r"`width` must be positive. Received: width=0"),
        ({"output": "sum"}, r"`output` must be one of average, map. Received: output='sum'"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResidualTrunk(**arguments)


def test_unknown_depth():
    with pytest.raises(ValueError, match=r"`depth` must be one of 18, 34, 50, 101. Received: depth=20"):
        ResidualTrunk.resnet(20)
