"""Features of crops: those of the network itself, computed once, refused where they are of something else."""

import os

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from comparators.custom_layers.pixel_normalization import PixelNormalization
from comparators.generators import CroppedImageItems, FeatureItems, ImageItems, ImageReader
from comparators.models import crop_features
from comparators.models.encoders import PixelEncoder, ResidualTrunk

READER = ImageReader((16, 16), fit="crop", resize_shorter=20)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (20, 27, 3), dtype=np.uint8)).save(path)
    return pd.DataFrame({"path": [str(path) for path in paths]})


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    return make_encoder()


def make_encoder() -> PixelEncoder:
    trunk = ResidualTrunk((1,), width=4, trainable=False)
    return PixelEncoder(PixelNormalization("torch"), trunk, (16, 16, 3))


class Counting(CroppedImageItems):
    """Items that count how many crops were made."""

    made = 0

    def take(self, indices, random):
        self.made += len(indices)
        return super().take(indices, random)


def test_features_are_those_of_the_crops(table, encoder):
    items = CroppedImageItems(table, READER)
    features = crop_features(encoder, items, crops=3, seed=1)
    assert features.shape == (5, 3, 4)
    assert features.dtype == np.float32
    crops = items.take(np.array([2, 2, 2]), np.random.default_rng((1, 2)))
    np.testing.assert_allclose(features[2], encoder.predict(crops, verbose=0), atol=1e-5)
    assert np.ptp(features, axis=1).min() > 0
    assert FeatureItems(features).take(np.array([4, 0]), np.random.default_rng(0)).shape == (2, 4)


def test_any_batch_size_gives_the_same(table, encoder):
    items = CroppedImageItems(table, READER)
    small, large = (crop_features(encoder, items, crops=3, batch_size=size) for size in (2, 64))
    np.testing.assert_allclose(small, large, atol=1e-5)


def test_one_centred_crop(table, encoder):
    items = ImageItems(table, READER)
    features = crop_features(encoder, items, crops=1)
    pictures = items.take(np.arange(5), np.random.default_rng(0))
    np.testing.assert_allclose(features[:, 0], encoder.predict(pictures, verbose=0), atol=1e-5)


def test_computed_once(table, encoder, tmp_path):
    items, store = Counting(table, READER), tmp_path / "features.npz"
    features = crop_features(encoder, items, crops=2, store=store)
    assert items.made == 10
    np.testing.assert_array_equal(crop_features(encoder, items, crops=2, store=store), features)
    assert items.made == 10
    assert [name for name in os.listdir(tmp_path) if "features" in name] == ["features.npz"]


def test_a_saved_encoder_finds_its_features(table, encoder, tmp_path):
    items, store = Counting(table, READER), tmp_path / "features.npz"
    features = crop_features(encoder, items, crops=2, store=store)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(crop_features(loaded, items, crops=2, store=store), features)
    assert items.made == 10


def test_features_of_something_else_are_refused(table, encoder, tmp_path):
    items, store = CroppedImageItems(table, READER), tmp_path / "features.npz"
    crop_features(encoder, items, crops=2, store=store)
    others = [
        (make_encoder(), items, {"crops": 2}),
        (encoder, items, {"crops": 3}),
        (encoder, items, {"crops": 2, "seed": 1}),
        (encoder, CroppedImageItems(table[:4], READER), {"crops": 2}),
        (encoder, CroppedImageItems(table, READER, flip=0), {"crops": 2}),
        (encoder, CroppedImageItems(table, ImageReader((16, 16), fit="crop", resize_shorter=18)), {"crops": 2}),
        (encoder, ImageItems(table, READER), {"crops": 2}),
    ]
    for other, its_items, arguments in others:
        with pytest.raises(ValueError, match=r"features.npz' holds features of another encoder, of other images"):
            crop_features(other, its_items, store=store, **arguments)
    Image.new("RGB", (20, 27)).save(table["path"][0])
    with pytest.raises(ValueError, match="holds features of another encoder, of other images"):
        crop_features(encoder, items, crops=2, store=store)


def test_a_stopped_run_leaves_nothing(table, encoder, tmp_path):
    with open(table["path"][3], "wb") as file:
        file.write(b"damaged")
    with pytest.raises(ValueError, match=r"3.png"):
        crop_features(encoder, CroppedImageItems(table, READER), crops=2, store=tmp_path / "features.npz")
    assert not [name for name in os.listdir(tmp_path) if "features" in name]


def test_errors(table, encoder, tmp_path):
    items = CroppedImageItems(table, READER)
    for name in ("crops", "batch_size"):
        with pytest.raises(ValueError, match=rf"`{name}` must be positive. Received: {name}=0"):
            crop_features(encoder, items, **{name: 0})
    with pytest.raises(ValueError, match=r"`store` must be a file \*.npz"):
        crop_features(encoder, items, store=tmp_path / "features.npy")
    with pytest.raises(FileNotFoundError, match=r"There is no folder for '.*features.npz'. Create it first"):
        crop_features(encoder, items, store=tmp_path / "gone" / "features.npz")
    (tmp_path / "features.npz").write_bytes(b"PK\x03\x04damaged")
    with pytest.raises(ValueError, match=r"features.npz' is damaged, or no file of features .* Delete it"):
        crop_features(encoder, items, store=tmp_path / "features.npz")
    table.loc[1, "path"] = str(tmp_path / "gone.png")
    with pytest.raises(FileNotFoundError, match=r"gone.png"):
        crop_features(encoder, CroppedImageItems(table, READER), store=tmp_path / "other.npz")
