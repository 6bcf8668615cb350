"""Random crops of photographs: which parts are drawn, and what becomes of them."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from comparators.generators import CroppedImageItems, ImageReader
from comparators.generators.cropped_image_items import draw_box

READER = ImageReader((12, 10), fit="crop", resize_shorter=24)


@pytest.fixture
def photographs(tmp_path):
    """Two photographs that are as large as they are kept: the pixels of the first tell their place."""
    rows, columns = np.mgrid[:24, :36]
    place = np.stack([10 * rows, 7 * columns, np.zeros_like(rows)], axis=-1).astype("uint8")
    Image.fromarray(place).save(tmp_path / "place.png")
    Image.fromarray(np.full((24, 30, 3), 77, "uint8")).save(tmp_path / "even.png")
    return pd.DataFrame({"path": [str(tmp_path / "place.png"), str(tmp_path / "even.png")]})


def test_crops_against_pil(photographs):
    """The same draws, cut out and resized plainly."""
    batch = CroppedImageItems(photographs, READER).take(np.array([0, 1, 0, 0]), np.random.default_rng(3))
    assert batch.shape == (4, 12, 10, 3)
    assert batch.dtype == np.uint8
    random = np.random.default_rng(3)
    for crop, item in zip(batch, (0, 1, 0, 0), strict=True):
        with Image.open(photographs["path"][item]) as image:
            top, left, height, width = draw_box(image.size[::-1], (0.08, 1.0), (3 / 4, 4 / 3), random)
            part = image.crop((left, top, left + width, top + height))
            expected = np.asarray(part.resize((10, 12), Image.Resampling.BILINEAR))
        np.testing.assert_array_equal(crop, expected[:, ::-1] if random.random() < 0.5 else expected)
    assert (batch[1] == 77).all()
    assert np.abs(batch[0].astype(int) - batch[2]).max() > 0


def test_half_are_mirrored(photographs):
    items = CroppedImageItems(photographs, READER)
    batch = items.take(np.zeros(200, int), np.random.default_rng(0)).astype(int)
    mirrored = np.mean(batch[:, 0, 0, 1] > batch[:, 0, -1, 1])
    assert 0.4 < mirrored < 0.6
    for flip in (0.0, 1.0):
        batch = CroppedImageItems(photographs, READER, flip=flip).take(np.zeros(20, int), np.random.default_rng(0))
        assert (batch[:, 0, 0, 1] > batch[:, 0, -1, 1]).all() == bool(flip)


@pytest.mark.parametrize("size", [(240, 240), (100, 400), (400, 100), (7, 5)])
def test_boxes_are_inside_and_of_the_range(size):
    random = np.random.default_rng(0)
    boxes = np.array([draw_box(size, (0.08, 1.0), (3 / 4, 4 / 3), random) for _ in range(500)])
    top, left, height, width = boxes.T
    assert (boxes >= [0, 0, 1, 1]).all()
    assert (top + height <= size[0]).all()
    assert (left + width <= size[1]).all()
    slack = 1 / np.minimum(height, width)
    assert (width / height <= 4 / 3 * (1 + slack)).all()
    assert (width / height >= 3 / 4 * (1 - slack)).all()
    if size == (240, 240):
        share = height * width / 240**2
        assert share.min() > 0.075
        # uniform from .08 to 1; slightly fewer large ones, which fit less often
        assert 0.35 < np.mean(share) < 0.55
        assert top[share < 0.2].max() > 120


def test_where_nothing_fits_the_middle_is_taken():
    random = np.random.default_rng(0)
    assert draw_box((10, 1000), (1.0, 1.0), (3 / 4, 4 / 3), random) == (0, 493, 10, 13)
    assert draw_box((1000, 10), (1.0, 1.0), (3 / 4, 4 / 3), random) == (493, 0, 13, 10)


def test_photographs_are_decoded_once(photographs):
    items = CroppedImageItems(photographs, READER)
    for _ in range(3):
        items.take(np.array([0, 0, 1]), np.random.default_rng(0))
    assert items.cache.num_misses == 2
    assert items.read(0).shape == (24, 36, 3)


def test_grey_crops(photographs):
    reader = ImageReader((12, 10), "grey", fit="crop", resize_shorter=24)
    crops = CroppedImageItems(photographs, reader).take(np.array([1, 0]), np.random.default_rng(0))
    assert crops.shape == (2, 12, 10, 1)
    assert (crops[0] == 77).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reader": ImageReader((12, 10))}, r"`reader` must give whole images. .* `ImageReader\(size, fit=\"crop\""),
        ({"area": (0, 1)}, r"`area` must be two shares.* Received: area=\(0, 1\)"),
        ({"area": (0.5, 0.2)}, r"`area` must be two shares"),
        ({"area": (0.5, 1.2)}, r"`area` must be two shares"),
        ({"aspect": (0, 1)}, r"`aspect` must be two positive ratios, in order. Received: aspect=\(0, 1\)"),
        ({"flip": 1.5}, r"`flip` must be from 0 to 1. Received: flip=1.5"),
    ],
)
def test_errors(photographs, arguments, message):
    with pytest.raises(ValueError, match=message):
        CroppedImageItems(photographs, **{"reader": READER, **arguments})


def test_a_file_that_is_no_image(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    items = CroppedImageItems(pd.DataFrame({"path": [str(tmp_path / "a.png")]}), READER)
    with pytest.raises(ValueError, match=r"Not a readable image: '.*a.png' \(a text that begins with 'no image'\)"):
        items.take(np.array([0]), np.random.default_rng(0))
