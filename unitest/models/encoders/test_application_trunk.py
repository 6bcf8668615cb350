import importlib

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import PixelNormalization
from comparators.models.encoders import ApplicationTrunk
from comparators.models.encoders.application_trunk import architectures, normalization_of

SHAPE, TINY = (32, 32, 3), {"alpha": 0.35}
IMAGES = np.random.default_rng(0).uniform(-1, 1, (4, *SHAPE)).astype("float32")


def tiny_trunk(**more) -> ApplicationTrunk:
    return ApplicationTrunk("MobileNetV2", SHAPE, **{"embedding_dim": 4, "options": TINY} | more)


def values(variables) -> list[np.ndarray]:
    return [ops.convert_to_numpy(variable).copy() for variable in variables]


def train_once(trunk: ApplicationTrunk) -> None:
    trunk.compile(keras.optimizers.SGD(1.0), "mse")
    trunk.fit(IMAGES, np.ones((4, trunk.embedding_dim)), verbose=0)


def same(a: list, b: list) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def preprocessing() -> dict:
    """`preprocess_input` of each module of Keras that has one, by the names of the backbones beside it."""
    package = importlib.import_module("keras.applications")
    modules = [getattr(package, name) for name in dir(package)]
    modules = [module for module in modules if hasattr(module, "preprocess_input") and hasattr(module, "__path__")]
    known = {name: module.preprocess_input for module in modules for name in dir(module) if name in architectures()}
    third = keras.applications.mobilenet_v3.preprocess_input
    return known | {f"MobileNetV3{size}": third for size in ("Small", "Large")}


def test_every_backbone_has_the_preprocessing_of_keras():
    known = preprocessing()
    assert set(architectures()) == set(known)
    callables = {name for name in dir(keras.applications) if callable(getattr(keras.applications, name))}
    assert callables == set(architectures())
    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3)).astype("float32")
    for name, preprocess in known.items():
        ours = ops.convert_to_numpy(PixelNormalization(normalization_of(name))(pixels))
        np.testing.assert_allclose(ours, preprocess(pixels.copy()), atol=1e-4, err_msg=name)


def test_embeddings_have_length_one_and_the_size_asked_for():
    for dim, expected in ((4, 4), (None, 1280)):
        trunk = tiny_trunk(embedding_dim=dim, trainable=True)
        rows = ops.convert_to_numpy(trunk(IMAGES, training=True))
        assert rows.shape == (4, expected) == trunk.compute_output_shape(IMAGES.shape)
        assert trunk.embedding_dim == expected
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_frozen_backbone_stays_as_it_is():
    trunk = tiny_trunk()
    before, projection = values(trunk.backbone.variables), values(trunk.projection.variables)
    train_once(trunk)
    assert same(before, values(trunk.backbone.variables))
    assert not same(projection, values(trunk.projection.variables))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(trunk(IMAGES, training=True)), ops.convert_to_numpy(trunk(IMAGES, training=False))
    )


def test_a_backbone_can_be_trained():
    trunk = tiny_trunk(trainable=True)
    before = values(trunk.backbone.variables)
    train_once(trunk)
    assert not same(before, values(trunk.backbone.variables))


def test_freezing_later_is_kept(tmp_path):
    trunk = tiny_trunk(trainable=True)
    trunk.backbone.trainable = False
    assert ApplicationTrunk.from_config(trunk.get_config()).backbone.trainable is False


@pytest.mark.parametrize("trainable", [True, False])
def test_saved_and_loaded(tmp_path, trainable):
    trunk = tiny_trunk(trainable=trainable)
    train_once(trunk)
    trunk.save(tmp_path / "trunk.keras")
    again = keras.saving.load_model(tmp_path / "trunk.keras")
    assert again.get_config() == trunk.get_config()
    assert len(again.trainable_variables) == len(trunk.trainable_variables)
    np.testing.assert_allclose(ops.convert_to_numpy(again(IMAGES)), ops.convert_to_numpy(trunk(IMAGES)), atol=1e-5)


def test_weights_of_a_file(tmp_path):
    first = tiny_trunk(embedding_dim=None)
    first.backbone.save_weights(tmp_path / "backbone.weights.h5")
    second = tiny_trunk(embedding_dim=None, weights=tmp_path / "backbone.weights.h5")
    assert same(values(first.backbone.variables), values(second.backbone.variables))


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"`architecture` must be one of ConvNeXtBase, .* Received: architecture='R"):
        ApplicationTrunk("Res", SHAPE)
    with pytest.raises(ValueError, match=r"`embedding_dim` must be positive or None\. Received: embedding_dim=0"):
        tiny_trunk(embedding_dim=0)
    with pytest.raises(FileNotFoundError, match=r"No such weights: 'gone\.h5'\. Name a file of weights without"):
        tiny_trunk(weights="gone.h5")
    with pytest.raises(
        ValueError, match=r"Keras cannot make `MobileNetV2` of images \(8, 8, 3\) with .*[^.]\. Give what"
    ):
        ApplicationTrunk("MobileNetV2", (8, 8, 3), options=TINY)


def test_a_failed_download_names_the_next_step(monkeypatch):
    def refuse(**arguments):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "MobileNetV2", refuse)
    with pytest.raises(
        ValueError, match=r"with weights='imagenet': URL fetch failure\. .* give their path as `weights`"
    ):
        tiny_trunk(weights="imagenet")
