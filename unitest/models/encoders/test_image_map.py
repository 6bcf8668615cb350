"""Maps of embeddings: parity with the official image branches, counts, saving, errors, and what parity catches."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import load_state
from comparators.models.encoders import ImageMap, ResidualTrunk, VGGTrunk
from comparators.models.encoders import residual_trunk as residual

GOLDEN = Path(__file__).parents[2] / "golden"
RULE = importlib.util.spec_from_file_location("golden_rule", GOLDEN / "rule.py")
rule = importlib.util.module_from_spec(RULE)
RULE.loader.exec_module(rule)

CASES = {
    "davenet_vgg16_image": ImageMap.vgg16,
    "davenet_resnet18_image": lambda: ImageMap.resnet(18),
    "davenet_resnet50_image": lambda: ImageMap.resnet(50),
}


def errors(case: str, branch: ImageMap) -> dict[str, float]:
    """Returns the relative error of the output, and of each stage of a ResNet, with the case's weights."""
    info, arrays = rule.load_case(case)
    load_state(branch, rule.make_state(info["state"], info["seed"], info["excluded"], info["gain"]))
    image = rule.make_inputs(info["inputs"], info["seed"])["image"].transpose(0, 2, 3, 1)
    values = {"output": branch(image)}
    if isinstance(branch.trunk, ResidualTrunk):
        trunk = branch.trunk
        for stage in range(1, 5):
            part = ResidualTrunk(trunk.num_blocks[:stage], trunk.block, trunk.width, "map")
            part.set_weights(trunk.get_weights()[: len(part.weights)])
            values[f"layer{stage}"] = part(image)
    return {
        name: rule.compare(info, arrays, name, ops.convert_to_numpy(value).transpose(0, 3, 1, 2))[1]
        for name, value in values.items()
    }


@pytest.mark.parametrize("case", ["davenet_vgg16_image", "davenet_resnet18_image", "davenet_resnet50_image"])
def test_official_branch(case):
    found = errors(case, CASES[case]())
    assert max(found.values()) < 3e-5, found


def one_sided(convolution, maps):
    """A convolution as Keras's "same" pads it."""
    strides, kernel = convolution.strides, convolution.kernel
    return ops.conv(maps, kernel, strides, padding="same", data_format="channels_last")


def keras_epsilon(name):
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name=name)


@pytest.mark.parametrize(("part", "mistake"), [("convolve_padded", one_sided), ("torch_normalization", keras_epsilon)])
def test_parity_catches_the_usual_mistakes(monkeypatch, part, mistake):
    monkeypatch.setattr(residual, part, mistake)
    assert errors("davenet_resnet18_image", ImageMap.resnet(18))["output"] > 2e-4


def test_number_of_parameters():
    assert ImageMap.vgg16().count_params() == 19_434_304


def test_checkpoint_of_another_branch():
    branch = ImageMap(ResidualTrunk((1,), width=4, output="map"), 5)
    vgg = ImageMap(VGGTrunk((2,) * 5), 5, kernel_size=3)
    state = {name: np.zeros(weight.shape) for weight in vgg.torch_weights() for name in weight.names}
    before = branch.get_weights()
    with pytest.raises(
        ValueError, match=r"Missing: bn1.bias, .*embedder.bias.* Unexpected: image_model.0.bias, .* more\.$"
    ):
        load_state(branch, state)
    small = ImageMap(ResidualTrunk((1,), width=4, output="map"), 6)
    state = {name: np.zeros(weight.shape) for weight in small.torch_weights() for name in weight.names}
    with pytest.raises(ValueError, match=r"Of another shape: embedder.weight is \(6, 4, 1, 1\), not \(5, 4, 1, 1\)"):
        load_state(branch, state)
    for old, new in zip(before, branch.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("make_trunk", "places"),
    [
        (lambda: VGGTrunk((2, 2, 2, 2, 4)), (4, 3)),
        (lambda: ResidualTrunk((1, 1), width=4, output="map", trainable=False), (8, 6)),
    ],
)
def test_saved(tmp_path, make_trunk, places):
    branch = ImageMap(make_trunk(), embedding_dim=5, kernel_size=3)
    images = np.random.default_rng(0).normal(size=(2, 64, 48, 3)).astype("float32")
    branch.save(tmp_path / "branch.keras")
    loaded = keras.saving.load_model(tmp_path / "branch.keras")
    assert loaded.get_config() == branch.get_config()
    maps = branch.predict(images, verbose=0)
    assert maps.shape == branch.compute_output_shape(images.shape) == (2, *places, 5)
    np.testing.assert_allclose(loaded.predict(images, verbose=0), maps, atol=1e-6)


def test_a_frozen_trunk_under_a_trained_embedder():
    branch = ImageMap(ResidualTrunk((1,), width=4, output="map", trainable=False), embedding_dim=3)
    images = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    before = branch.get_weights()
    branch.compile(keras.optimizers.Adam(0.01), "mse")
    branch.fit(images, np.ones((2, 4, 4, 3)), epochs=1, verbose=0)
    changed = [np.abs(new - old).max() > 0 for old, new in zip(before, branch.get_weights(), strict=True)]
    assert sum(changed) == len(branch.trainable_variables) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"trunk": None}, TypeError, r"`trunk` must be a `VGGTrunk` or a `ResidualTrunk`"),
        ({"embedding_dim": 0}, ValueError, r"`embedding_dim` must be positive. Received: embedding_dim=0"),
        ({"kernel_size": 2}, ValueError, r"`kernel_size` must be positive and odd. Received: kernel_size=2"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        ImageMap(**{"trunk": VGGTrunk((2,) * 5), **arguments})


def test_a_trunk_of_averages():
    with pytest.raises(ValueError, match=r"`trunk` must give a map. Received: a trunk of averages. Make it with"):
        ImageMap(ResidualTrunk((1,), width=4))
