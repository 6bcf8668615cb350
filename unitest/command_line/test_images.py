"""Folders of images: trained on, measured, recognised, clustered, drawn; and what is wrong with them."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import comparators

SMALL = ("--image-size", 8, "--grey", "--embedding-dim", 8, "--items-per-label", 4, "-q")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A folder for each of five digits, with ten images each."""
    folder, data = tmp_path_factory.mktemp("images") / "digits", load_digits()
    for digit in range(5):
        (folder / str(digit)).mkdir(parents=True)
        for number in np.flatnonzero(data.target == digit)[:10]:
            image = Image.fromarray((data.images[number] * 15).astype(np.uint8))
            image.save(folder / str(digit) / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def model_path(tmp_path_factory, digits):
    """A tiny siamese network of images, hardly trained, with a threshold."""
    path = tmp_path_factory.mktemp("model") / "digits.keras"
    model = comparators.ImageSiamese.default(size=(8, 8), embedding_dim=8, channels=(8, 16))
    model.fit_threshold(model.embed(digits), comparators.read_manifest(digits).label, origin="fifty digits")
    model.save(path)
    return path


@pytest.mark.parametrize(("flags", "kind"), [((), "ImageEncoder"), (("--siamese",), "ImageSiamese")])
def test_trains_on_a_folder_and_goes_on(run, digits, tmp_path, flags, kind):
    output, again = tmp_path / "model.keras", tmp_path / "again.keras"
    result = run("train", digits, "-o", output, "--epochs", 1, *flags, *SMALL, "--json")
    assert result.status == 0, result.err
    model = comparators.load(output)
    assert type(model).__name__ == kind
    assert not model.compiled
    assert model.encoder.image_shape == (8, 8, 1)
    assert "validation labels of digits" in model.threshold.origin
    assert run("train", digits, "-o", again, "--model", output, "--epochs", 1, *SMALL).status == 0
    assert comparators.load(again).fingerprint != model.fingerprint


def test_evaluates_embeds_and_draws(run, digits, model_path, tmp_path):
    document = run("evaluate", model_path, digits, "--json", "-q").document
    assert (document["images"], document["labels"], document["pairs"]) == (50, 5, 1225)
    assert 0 < document["equal_error_rate"] < 0.5
    assert "images, labels, pairs" in run("evaluate", model_path, digits, "-q").out
    assert run("embed", digits, "-o", tmp_path / "e.csv", "--model", model_path, "-q").status == 0
    assert len(pd.read_csv(tmp_path / "e.csv")) == 50
    arguments = ("--model", model_path, "--projection", "pca", "-q")
    assert run("plot", digits, "-o", tmp_path / "space.png", *arguments).out.endswith("50 images of 5 labels\n")
    assert Image.open(tmp_path / "space.png").size[0] > 300


def test_clusters_by_the_probability(run, digits, model_path, tmp_path):
    output = tmp_path / "clusters.csv"
    result = run("cluster", digits, "-o", output, "--model", model_path, "--num-clusters", 5, "--json", "-q")
    assert result.document["images"] == 50
    assert result.document["clusters"] == 5
    assert pd.read_csv(output).columns.tolist() == ["path", "cluster", "label"]


def test_enrolls_and_recognizes(run, digits, model_path, tmp_path):
    gallery = tmp_path / "digits.gallery"
    images = {digit: sorted((digits / digit).iterdir()) for digit in "012"}
    for digit in "01":
        result = run("enroll", gallery, digit, *images[digit][:5], "--model", model_path)
        assert result.status == 0, result.err
        assert f"5 images of '{digit}' enrolled" in result.out
    answers = run("recognize", gallery, images["0"][0], images["2"][0], "--model", model_path, "--json").document
    assert answers["images"][0]["label"] == "0"
    assert "speech_seconds" not in answers["images"][0]
    shown = run("recognize", gallery, images["0"][0], "--model", model_path)
    folder = run("recognize", gallery, digits / "2", "--model", model_path, "--json").document
    assert sorted(row["file"] for row in folder["images"]) == sorted(map(str, images["2"]))
    assert "speech" not in shown.out + shown.err
    assert "2 names, 10 items" in run("gallery", "list", gallery).out


def test_verifies(run, digits, model_path):
    a, b = sorted((digits / "0").iterdir())[:2]
    result = run("verify", a, b, "--model", model_path, "--json")
    assert 0 <= result.document["score"] <= 1
    assert result.document["origin"].endswith("fifty digits")


def test_images_and_recordings_are_not_mixed_up(run, digits, recordings, model_path, tmp_path):
    result = run("embed", digits, "-o", tmp_path / "e.npz")
    assert result.status == 2
    assert "'speaker-encoder' is a model of recordings. Received: '" in result.err
    result = run("embed", recordings, "-o", tmp_path / "e.npz", "--model", model_path)
    assert result.status == 2
    assert "is a model of images" in result.err
    both = tmp_path / "both"
    shutil.copytree(digits, both)
    shutil.copytree(recordings, both, dirs_exist_ok=True)
    result = run("embed", both, "-o", tmp_path / "e.npz", "--model", model_path)
    assert result.status == 2
    assert "Recordings and images together" in result.err
    assert run("embed", both, "-o", tmp_path / "e.npz", "--model", model_path, "--media", "image", "-q").status == 0


def test_odd_images_are_skipped_and_named(run, digits, model_path, tmp_path):
    folder = tmp_path / "odd"
    shutil.copytree(digits, folder)
    good = sorted((folder / "0").iterdir())[0]
    (folder / "0" / "text.png").write_text("not an image")
    (folder / "1" / "cut.png").write_bytes(good.read_bytes()[:60])
    (folder / "2" / "empty.png").touch()
    Image.new("RGB", (300, 20), "red").save(folder / "3" / "wide.png")
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(folder / "4" / "deep.png")
    result = run("embed", folder, "-o", tmp_path / "e.npz", "--model", model_path, "--json", "-q")
    assert result.status == 1
    assert json.dumps(sorted(result.document["failures"])) == '["0/text.png", "1/cut.png", "2/empty.png"]'
    assert result.document["rows"] == 52
    assert "skipped 3 of 55 images" in result.err
    trained = run("train", folder, "-o", tmp_path / "m.keras", "--epochs", 1, *SMALL)
    assert trained.status == 1
    assert "left out 3 of 55 images" in trained.err


def test_too_little_to_train_on(run, digits, tmp_path):
    result = run("train", digits / "0", "-o", tmp_path / "m.keras", *SMALL)
    assert result.status == 2
    assert "needs labels" in result.err
    one = tmp_path / "one"
    shutil.copytree(digits / "0", one / "0")
    result = run("train", one, "-o", tmp_path / "m.keras", *SMALL)
    assert result.status == 2
    assert "two images of a label. Received: 10 images of 1 label" in result.err
    assert not (tmp_path / "m.keras").exists()
