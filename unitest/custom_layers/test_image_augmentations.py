"""The three layers of our own, alone and in a training step, beside Keras's."""

import io

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image
from scipy import ndimage

from comparators.custom_layers import ImageAugmentation, JpegArtifacts, PixelNoise, RandomAffine

AFFINE = {"rotation_degrees": 20, "scale_range": (0.8, 1.25), "stretch_range": (0.9, 1.1), "shear_degrees": 10}
LAYERS = {
    "affine": lambda **more: RandomAffine(**AFFINE, shift_fraction=0.1, **more),
    "noise": lambda **more: PixelNoise(**more),
    "jpeg": lambda **more: JpegArtifacts(**{"probability": 1.0} | more),
}


def smooth(shape: tuple, seed: int = 0) -> np.ndarray:
    """Uint8 images with some structure, as photographs have."""
    noise = np.random.default_rng(seed).normal(size=shape)
    blurred = ndimage.gaussian_filter(noise, (0, 3, 3, 0))
    return np.clip(128 + 60 * blurred / blurred.std(), 0, 255).astype("uint8")


def run(layer, images, training=True) -> np.ndarray:
    return ops.convert_to_numpy(layer(images, training=training))


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_layer(check_layer, kind, channels):
    images = smooth((4, 20, 28, channels)).astype("float32")
    check_layer(LAYERS[kind](), images, training=True, output_shape=images.shape)
    np.testing.assert_array_equal(check_layer(LAYERS[kind](), images), images)


@pytest.mark.parametrize("kind", LAYERS)
def test_pixels_of_any_type_stay_in_range(kind):
    for images in (smooth((4, 16, 16, 3)), np.full((2, 16, 16, 3), 255, "uint8"), np.zeros((2, 9, 9, 3))):
        changed = run(LAYERS[kind](), images)
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 255


@pytest.mark.parametrize("kind", LAYERS)
def test_each_item_draws_and_a_seed_repeats_it(kind):
    images = np.repeat(smooth((1, 24, 24, 3)), 6, axis=0)
    first = run(LAYERS[kind](seed=3), images)
    np.testing.assert_array_equal(run(LAYERS[kind](seed=3), images), first)
    assert not np.allclose(run(LAYERS[kind](seed=4), images), first)
    assert len({item.tobytes() for item in first}) == 6


@pytest.mark.parametrize("kind", LAYERS)
def test_share_of_changed_items(kind):
    images = smooth((400, 8, 8, 1))
    changed = (run(LAYERS[kind](probability=0.3, seed=0), images) != images).any((1, 2, 3))
    assert 0.2 < changed.mean() < 0.4
    np.testing.assert_array_equal(run(LAYERS[kind](probability=0.0), images), images)


def test_probability_out_of_range():
    with pytest.raises(ValueError, match=r"`probability` must lie between 0 and 1\. Received: probability=1\.5"):
        PixelNoise(probability=1.5)


def test_base_is_abstract():
    with pytest.raises(NotImplementedError, match=r"ImageAugmentation must implement `augment\(images\)`"):
        ImageAugmentation()(np.zeros((1, 2, 2, 1)), training=True)


# RandomAffine.


def still(**arguments) -> RandomAffine:
    return RandomAffine(**{"rotation_degrees": 0} | arguments)


def test_nothing_to_do_changes_nothing():
    images = smooth((2, 11, 14, 3))
    np.testing.assert_allclose(run(still(), images), images, atol=1e-3)


@pytest.mark.parametrize("shape", [(13, 13), (10, 17)])
def test_sources_are_the_composed_matrix(shape):
    """Against scipy's resampling with the matrix that the drawn sources imply, item by item."""
    images = smooth((5, *shape, 1)).astype("float32")
    layer = still(rotation_degrees=30, scale_range=(0.7, 1.4), stretch_range=(0.8, 1.2), shear_degrees=15, seed=1)
    rows, columns = (ops.convert_to_numpy(part) for part in layer._sources(5, *shape))
    again = still(rotation_degrees=30, scale_range=(0.7, 1.4), stretch_range=(0.8, 1.2), shear_degrees=15, seed=1)
    result = run(again, images)
    for item in range(5):
        expected = ndimage.map_coordinates(
            np.pad(images[item, ..., 0], 1), [rows[item] + 1, columns[item] + 1], order=1, cval=0.0
        )
        np.testing.assert_allclose(result[item, ..., 0], expected, atol=0.02)


def test_a_quarter_turn_and_a_flip_by_hand(monkeypatch):
    images = smooth((1, 12, 12, 1))
    layer = still(rotation_degrees=90)
    monkeypatch.setattr(layer, "draw", lambda batch, values: ops.full((batch, 1, 1, 1), max(values)))
    np.testing.assert_allclose(run(layer, images)[0, ..., 0], np.rot90(images[0, ..., 0], -1), atol=0.01)


def test_shift_scale_stretch_and_shear_by_hand(monkeypatch):
    def drawn_at_the_top(**arguments):
        layer = still(**arguments)
        monkeypatch.setattr(layer, "draw", lambda batch, values: ops.full((batch, 1, 1, 1), max(values)))
        return run(layer, dot)[0, ..., 0]

    dot = np.zeros((1, 21, 31, 1), "uint8")
    dot[0, 10, 15] = 200
    shifted = drawn_at_the_top(shift_fraction=2 / 21)
    assert shifted[12, 17] + shifted[12, 18] == pytest.approx(200, abs=0.1)  # 2 rows, 2.95 columns

    def extent(picture, axis):
        places = np.arange(picture.shape[axis]) - (picture.shape[axis] - 1) / 2
        return np.sqrt((picture.sum(1 - axis) * places**2).sum() / picture.sum())

    dot[0, 7:14, 12:19] = 200
    before = drawn_at_the_top()
    larger = drawn_at_the_top(scale_range=(1, 1.5))
    assert extent(larger, 0) / extent(before, 0) == pytest.approx(1.5, rel=0.05)
    assert extent(larger, 1) / extent(before, 1) == pytest.approx(1.5, rel=0.05)
    wider = drawn_at_the_top(stretch_range=(1, 1.96))
    assert extent(wider, 0) / extent(before, 0) == pytest.approx(1 / 1.4, rel=0.05)
    assert extent(wider, 1) / extent(before, 1) == pytest.approx(1.4, rel=0.05)
    slanted = drawn_at_the_top(shear_degrees=45)
    tops, bottoms = (slanted[row] @ np.arange(31) / slanted[row].sum() for row in (7, 13))
    assert abs(tops - bottoms) == pytest.approx(6, abs=0.1)
    np.testing.assert_allclose(slanted.sum(1), before.sum(1), rtol=0.01)


def test_what_is_outside_has_the_fill_value():
    images = np.zeros((8, 16, 16, 1), "uint8")
    changed = run(still(shift_fraction=0.9, fill_value=77, seed=0), images)
    assert changed.max() == pytest.approx(77, abs=1e-3)
    assert (changed > 76).mean() > 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rotation_degrees": -1}, r"`rotation_degrees` must lie between 0 and 180\. Received: rotation_degrees=-1"),
        ({"scale_range": (0, 1)}, r"`scale_range` must be positive\. Received: scale_range=\(0, 1\)"),
        ({"stretch_range": (2, 1)}, r"`stretch_range` must be two numbers, the lower one first"),
        ({"shear_degrees": 90}, r"`shear_degrees` must lie between 0 and 80"),
        ({"shift_fraction": 2}, r"`shift_fraction` must lie between 0 and 1"),
        ({"fill_value": 256}, r"`fill_value` must lie between 0 and 255"),
    ],
)
def test_wrong_arguments_of_affine(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomAffine(**arguments)


# PixelNoise.


def test_strength_of_noise():
    changed = run(PixelNoise((0, 20), seed=0), np.full((200, 24, 24, 1), 128, "uint8")) - 128
    deviations = changed.std((1, 2, 3))
    assert deviations.mean() == pytest.approx(10, abs=1)
    assert deviations.min() < 2
    assert deviations.max() > 18
    with pytest.raises(ValueError, match=r"`deviation_range` must not be negative\. Received: deviation_range=\(-1, 3"):
        PixelNoise((-1, 3))


# JpegArtifacts.


def by_pil(image: np.ndarray, quality: int) -> np.ndarray:
    with io.BytesIO() as file:
        Image.fromarray(image).save(file, "jpeg", quality=quality)
        return np.asarray(Image.open(file)).astype("float32")


# The two round alike but for ties, which tip a frequency of a block here and there.
@pytest.mark.parametrize("quality", [1, 5, 20, 49, 50, 75, 95, 100])
@pytest.mark.parametrize("size", [(32, 48), (28, 28), (33, 17)])
def test_grey_as_pil(quality, size):
    images = smooth((4, *size, 1))
    changed = run(JpegArtifacts((quality, quality), probability=1.0), images)[..., 0]
    difference = np.abs(changed - np.stack([by_pil(image[..., 0], quality) for image in images]))
    assert difference.mean() < 0.4
    assert (difference > 1.5).mean() < 0.08


@pytest.mark.parametrize("quality", [5, 20, 50, 75, 95])
@pytest.mark.parametrize("size", [(32, 48), (28, 28), (33, 17)])
def test_colour_as_pil(quality, size):
    few = smooth((8, 8, 8, 3))
    images = np.stack([np.asarray(Image.fromarray(image).resize(size[::-1])) for image in few])
    changed = run(JpegArtifacts((quality, quality), probability=1.0), images)
    expected = np.stack([by_pil(image, quality) for image in images])
    difference, loss = np.abs(changed - expected).mean(), np.abs(expected - images).mean()
    assert difference < 0.8
    if quality <= 50:
        assert difference < 0.3 * loss


def test_lower_quality_loses_more():
    images = smooth((4, 32, 32, 3))
    losses = [
        np.abs(run(JpegArtifacts((quality, quality), probability=1.0), images) - images).mean()
        for quality in (90, 60, 30, 10)
    ]
    assert losses == sorted(losses)


def test_wrong_quality_and_channels():
    with pytest.raises(ValueError, match=r"`quality_range` must lie between 1 and 100\. Received: quality_range=\(0"):
        JpegArtifacts((0, 50))
    with pytest.raises(ValueError, match=r"Images must have 1 or 3 channels\. Received: 2 channels"):
        JpegArtifacts(probability=1.0)(np.zeros((1, 8, 8, 2)), training=True)


# In a model.


def keras_layers() -> list[keras.layers.Layer]:
    """Those that the docstring of `ImageAugmentation` names."""
    pixels = {"value_range": (0, 255), "seed": 0}
    return [
        keras.layers.RandomFlip("horizontal", seed=0),
        keras.layers.RandomBrightness(0.2, **pixels),
        keras.layers.RandomContrast(0.2, **pixels),
        keras.layers.RandomColorJitter(brightness_factor=0.1, saturation_factor=0.3, hue_factor=0.1, **pixels),
        keras.layers.RandomErasing(**pixels),
    ]


@pytest.mark.parametrize("layer", keras_layers(), ids=lambda layer: type(layer).__name__)
def test_layers_of_keras_draw_for_each_item_and_stay_in_range(layer):
    images = np.repeat(smooth((1, 24, 24, 3)), 16, axis=0).astype("float32")
    changed = run(layer, images)
    assert len({item.tobytes() for item in changed}) >= (2 if isinstance(layer, keras.layers.RandomFlip) else 4)
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 255.01


def test_a_chain_with_layers_of_keras_trains_and_is_saved(tmp_path):
    chain = [*keras_layers(), *(LAYERS[kind](seed=0) for kind in LAYERS)]
    head = [keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((16, 16, 3)), *chain, *head])
    model.compile(keras.optimizers.SGD(1e-9), "mse")
    images = smooth((8, 16, 16, 3)).astype("float32")
    model.fit(images, np.zeros(8), verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(images, verbose=0), model.predict(images, verbose=0), rtol=1e-5, atol=1e-3)
