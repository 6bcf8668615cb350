"""`ImageEncoder`, and with it what it shares with `ImageSiamese`: files, arrays, bulk."""

import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops
from PIL import Image

import comparators
from comparators.custom_layers import GE2E, PixelNoise, PixelNormalization, RandomAffine
from comparators.generators import ArrayGroups, ImageReader
from comparators.models import EmbeddingStore, ImageEncoder
from comparators.models.encoders import ImageTrunk, PixelEncoder

from .tiny_models import tiny_image_encoder

RNG = np.random.default_rng(0)
GREYS = RNG.integers(0, 256, (70, 12, 12), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (5, 12, 12, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(3):
            size = (10 + 5 * number, 14, 3) if label == "cat" else (12, 9 + number)
            image = Image.fromarray(RNG.integers(0, 256, size, dtype=np.uint8))
            image.save(tmp_path / "pets" / label / f"{number}.{'png' if number else 'jpg'}")
    return tmp_path / "pets"


@pytest.fixture(scope="module")
def model() -> ImageEncoder:
    return tiny_image_encoder()


def files(folder) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


# Arrays.


def test_rows_do_not_depend_on_the_batch_and_are_deterministic(model):
    together = model.embed(GREYS, batch_size=64)
    assert together.shape == (70, 6)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, model.embed(GREYS, batch_size=1), atol=1e-5)
    np.testing.assert_array_equal(together, model.embed(GREYS, batch_size=64))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_embed_is_what_the_network_says(model):
    np.testing.assert_allclose(model.embed(GREYS), ops.convert_to_numpy(model(GREYS[..., None])), atol=1e-5)


def test_blocks_change_nothing(model, monkeypatch):
    whole = model.embed(GREYS)
    monkeypatch.setattr("comparators.models.image_inputs._BLOCK_BYTES", 16 * GREYS[0].size)
    np.testing.assert_allclose(model.embed(GREYS), whole, atol=1e-5)


def test_all_forms_of_arrays_are_one(model):
    rows = model.embed(GREYS)
    for inputs in (GREYS[..., None], list(GREYS), [image[..., None] for image in GREYS], iter(GREYS)):
        np.testing.assert_allclose(model.embed(inputs), rows, atol=1e-5)


def test_mixed_sizes_grey_and_colour_in_one_list(model):
    mixed = [GREYS[0], COLOURS[0], np.zeros((30, 8), "uint8"), np.zeros((5, 50, 4), "uint8")]
    alone = np.concatenate([model.embed([image]) for image in mixed])
    np.testing.assert_allclose(model.embed(mixed), alone, atol=1e-5)


def test_grey_images_to_a_model_of_colours_and_the_other_way_round(model):
    coloured = tiny_image_encoder(mode="rgb")
    repeated = np.repeat(GREYS[:4, ..., None], 3, axis=-1)
    np.testing.assert_allclose(coloured.embed(GREYS[:4]), coloured.embed(repeated), atol=1e-5)
    np.testing.assert_allclose(model.embed(repeated), model.embed(GREYS[:4]), atol=1e-5)
    assert model.embed(COLOURS).shape == (5, 6)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (GREYS / 255.0, r"image 0 must be uint8, 0 to 255\. Received: float64\. Convert it: `\(255 \* image\)"),
        ([GREYS[0], GREYS[1].astype("int32")], r"image 1 must be uint8, 0 to 255\. Received: int32"),
        (
            COLOURS[0],
            r"must be several images.* Received: shape \(12, 12, 3\)\. Put one image into a list: `\[im",
        ),
        (GREYS[0], r"must be several images.* Received: shape \(12, 12\)\. Put one image into a list"),
        (np.moveaxis(COLOURS, -1, 1)[..., :10], r"image 0 must have its channels last\. Received: shape \(3, 12, 10\)"),
        ([None], r"image 0 must be uint8, 0 to 255\. Received: object"),
    ],
)
def test_what_is_no_image_is_refused(model, inputs, message):
    with pytest.raises(ValueError, match=message):
        model.embed(inputs)


def test_no_inputs_give_no_rows(model):
    assert model.embed([]).shape == (0, 6)


# Files.


def test_one_path_paths_a_folder_a_table_and_a_csv(model, folder):
    paths = files(folder)
    rows = model.embed(paths)
    assert rows.shape == (6, 6)
    table = pd.DataFrame({"path": paths, "label": [path.split(os.sep)[-2] for path in paths]})
    table.to_csv(folder / "list.csv", index=False)
    for inputs in (folder, str(folder), table, folder / "list.csv"):
        np.testing.assert_allclose(model.embed(inputs), rows, atol=1e-5)
    np.testing.assert_allclose(model.embed(paths[0]), rows[:1], atol=1e-5)
    np.testing.assert_allclose(model.embed([model.reader.read(path) for path in paths]), rows, atol=1e-5)


def test_recordings_in_the_folder_are_left_alone(model, folder):
    (folder / "cat" / "purr.wav").touch()
    assert len(model.embed(folder)) == 6
    assert len(model.embed_files(folder, progress=False).table) == 6


def test_a_missing_file_and_one_that_is_no_image_are_named(model, folder):
    with pytest.raises(FileNotFoundError, match=r"No such image: '.*gone\.png'"):
        model.embed([folder / "gone.png"])
    with pytest.raises(FileNotFoundError, match=r"No such image: '.*gone\.png'"):
        model.embed(folder / "gone.png")
    (folder / "text.png").write_text("not an image at all")
    with pytest.raises(ValueError, match=r"Not a readable image: '.*text\.png'"):
        model.embed(folder)


def test_verify(model, folder):
    paths = files(folder)
    result = model.verify(paths[0], paths[0])
    assert result.score == pytest.approx(1, abs=1e-5)
    assert result.decision is None
    model.fit_threshold(model.embed(GREYS), np.arange(70) % 5)
    assert model.verify(paths[0], model.read(paths[0])).decision is True
    assert model.verify(GREYS[0], COLOURS[0]).probability is not None
    model.threshold = model.calibration = None


# Bulk.


def test_bulk_rows_carry_ids_labels_and_fingerprint(model, folder):
    table, failures = model.embed_files(folder, progress=False)
    assert not failures
    assert list(table.labels) == ["cat"] * 3 + ["dog"] * 3
    assert list(table.ids)[:2] == ["cat/0.jpg", "cat/1.png"]
    assert table.fingerprint == model.fingerprint
    assert set(table.metadata) == {"path"}
    np.testing.assert_allclose(table.vectors, model.embed(folder), atol=1e-5)


def test_every_bad_file_is_skipped_named_and_rows_stay_aligned(model, folder):
    (folder / "cat" / "1.png").write_text("not an image")
    os.truncate(folder / "dog" / "1.png", 80)
    (folder / "dog" / "0.jpg").write_bytes(b"")
    paths = [*files(folder), str(folder / "gone.png"), str(folder / "cat")]
    table, failures = model.embed_files(pd.DataFrame({"path": paths}), progress=False)
    assert list(table.ids) == ["cat/0.jpg", "cat/2.png", "dog/2.png"]
    expected = {
        "cat/1.png": "Not a readable image",
        "dog/1.png": "Truncated or damaged image",
        "dog/0.jpg": "Empty image",
        "gone.png": "No such image",
        "cat": "A folder was given",
    }
    assert set(failures) == set(expected)
    for name, message in expected.items():
        assert failures[name].startswith(message), failures[name]
    np.testing.assert_allclose(table.vectors[2], model.embed([folder / "dog" / "2.png"])[0], atol=1e-5)


def test_a_stopped_bulk_run_goes_on_and_changed_files_are_embedded_again(model, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("comparators.models.bulk_embedding._BLOCK_FILES", 2)
    first, _ = model.embed_files(folder, store=tmp_path / "store", progress=False)
    assert len(EmbeddingStore(tmp_path / "store", model.fingerprint)) == 6
    shutil.move(folder / "cat" / "1.png", folder / "dog" / "9.png")
    Image.fromarray(GREYS[0]).save(folder / "dog" / "1.png")
    read = []
    original = ImageReader.read
    monkeypatch.setattr(ImageReader, "read", lambda self, path: read.append(str(path)) or original(self, path))
    again, _ = model.embed_files(folder, store=tmp_path / "store", progress=False)
    assert read == [str(folder / "dog" / "1.png")]
    rows = dict(zip(again.ids, again.vectors, strict=True))
    np.testing.assert_array_equal(rows["dog/9.png"], first.vectors[1])
    assert not np.allclose(rows["dog/1.png"], first.vectors[4])


# Saving and training.


def test_saved_and_loaded_in_a_fresh_process_it_gives_the_same_embeddings(tmp_path):
    model = tiny_image_encoder(
        reader=ImageReader((12, 12), "grey", fit="crop", background=255),
        augmentation=[RandomAffine(seed=0), keras.layers.RandomFlip("horizontal"), PixelNoise()],
    )
    model.fit_threshold(model.embed(GREYS), np.arange(70) % 5)
    model.compile(optimizer="adam")
    model.save(tmp_path / "model.keras")
    Image.fromarray(COLOURS[0]).save(tmp_path / "image.png")
    code = (
        "import comparators, numpy as np\n"
        f"model = comparators.load(r'{tmp_path / 'model.keras'}')\n"
        f"np.save(r'{tmp_path / 'row.npy'}', model.embed(r'{tmp_path / 'image.png'}'))\n"
        f"assert model.fingerprint == '{model.fingerprint}', model.fingerprint\n"
        f"assert model.reader.get_config() == {model.reader.get_config()}, model.reader.get_config()\n"
        f"assert model.threshold.value == {model.threshold.value}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "row.npy"), model.embed(tmp_path / "image.png"), atol=1e-6)


def test_training_with_augmentation_tells_labels_apart():
    labels = np.repeat(np.arange(5), 8)
    images = np.clip(GREYS[labels] + RNG.normal(0, 20, (40, 12, 12)), 0, 255).astype("uint8")[..., None]
    model = tiny_image_encoder(augmentation=[RandomAffine(5, shift_fraction=0.05, seed=0), PixelNoise(seed=0)])
    model.compile(keras.optimizers.Adam(0.01))
    batches = ArrayGroups(images, labels, labels_per_batch=5, items_per_label=4, passes_per_epoch=4)
    losses = model.fit(batches, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(model.embed(images), model.embed(images))


def test_a_loaded_model_goes_on_training(tmp_path):
    model = tiny_image_encoder()
    model.compile(optimizer="adam")
    images, labels = GREYS[:8, ..., None], np.repeat(np.arange(4), 2)
    model.fit(images, labels, batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    again = comparators.load(tmp_path / "model.keras")
    assert isinstance(again, ImageEncoder)
    first = model.fit(images, labels, batch_size=8, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(
        again.fit(images, labels, batch_size=8, shuffle=False, verbose=0).history["loss"], first, rtol=1e-3
    )


# Parts.


def test_default_parts():
    model = ImageEncoder.default(size=(16, 20), mode="rgb", embedding_dim=5, channels=(4, 8), name="small")
    assert model.name == "small"
    assert model.encoder.image_shape == (16, 20, 3)
    assert model.encoder.trunk.pooling == "flatten"
    assert isinstance(model.objective, GE2E)
    assert model.embed(GREYS[:2]).shape == (2, 5)
    assert ImageEncoder.default(size=(80, 20), channels=(4,)).encoder.trunk.pooling == "average"


@pytest.mark.parametrize("trainable", [True, False])
def test_application(tmp_path, trainable):
    options = {"alpha": 0.35}
    source = ImageEncoder.from_application("MobileNetV2", (32, 32), weights=None, trainable=True, options=options)
    source.encoder.trunk.backbone.save_weights(tmp_path / "backbone.weights.h5")
    model = ImageEncoder.from_application(
        "MobileNetV2", (32, 32), 8, tmp_path / "backbone.weights.h5", trainable, options=options
    )
    assert model.reader.fit == "crop"
    assert model.encoder.front_end.mode == "tf"
    before = [ops.convert_to_numpy(weight).copy() for weight in model.encoder.trunk.backbone.weights]
    model.compile("adam")
    model.fit(RNG.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), np.repeat(np.arange(4), 2), verbose=0)
    after = [ops.convert_to_numpy(weight) for weight in model.encoder.trunk.backbone.weights]
    assert all(map(np.array_equal, before, after)) != trainable
    model.save(tmp_path / "model.keras")
    again = comparators.load(tmp_path / "model.keras")
    np.testing.assert_allclose(again.embed(GREYS[:3]), model.embed(GREYS[:3]), atol=1e-5)
    assert again.fingerprint == model.fingerprint
    assert len(again.trainable_variables) == len(model.trainable_variables)


def test_random_weights_that_are_never_trained_are_refused():
    with pytest.raises(ValueError, match=r"random weights must be trained\. Received: weights=None, trainable=False"):
        ImageEncoder.from_application("MobileNetV2", (32, 32), weights=None)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match=r"`encoder` must be a `PixelEncoder"):
        ImageEncoder(keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten()]))
    encoder = PixelEncoder(PixelNormalization("tf"), ImageTrunk(channels=(4,), embedding_dim=3), (12, 12, 1))
    with pytest.raises(ValueError, match=r"`reader` must give what the encoder takes, \(12, 12, 1\)\. Received: a"):
        ImageEncoder(encoder, reader=ImageReader((12, 12), "rgb"))
    assert ImageEncoder(encoder).reader.get_config() == ImageReader((12, 12), "grey").get_config()
