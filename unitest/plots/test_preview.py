"""A batch is shown as it is: pairs with their flags, triplets, groups by label; recordings can be played."""

import base64
import io
import wave
from xml.etree import ElementTree

import numpy as np
import pytest

from comparators.generators import ArrayItems, Matches
from comparators.plots import AudioTable, preview
from comparators.plots.image_cells import MAX_PIXELS, draw_cells, small_image
from comparators.plots.image_cells import Cell as ImageCell

IMAGES = np.random.default_rng(0).integers(0, 255, (12, 9, 7, 1)).astype("uint8")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def wav_samples(player):
    kind, _, data = player.get("src").partition(",")
    assert kind == "data:audio/wav;base64"
    with wave.open(io.BytesIO(base64.b64decode(data))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767, file.getframerate()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array([1, 0, 1], np.float32), ["same", "different", "same"]),
        (np.array([[True], [False], [False]]), ["same", "different", "different"]),
        (np.array([1, 0, 1], np.int32), ["same", "different", "same"]),
        (np.array([0.25, 1, 0], np.float32), ["score 0.25", "score 1.00", "score 0.00"]),
        (np.array([0, 17, 3], np.int32), ["item 0", "item 17", "item 3"]),
        (None, []),
    ],
)
def test_pairs_and_two_views(labels, names):
    pair = (IMAGES[:3], IMAGES[3:6])
    ax = preview((pair, labels))
    assert texts(ax) == [*(names or [""] * 3), "a", "b"]
    assert ax.get_title() == "3 of 3 pairs"
    shown = np.array([image.get_array()[..., 0] for image in ax.images])
    np.testing.assert_array_equal(shown, np.stack(pair, axis=1).reshape(6, 9, 7))


def test_triplets_and_label_names():
    batch = ((IMAGES[:4], IMAGES[4:8], IMAGES[8:]), np.array([2, 0, 0, 1]))
    ax = preview(batch, label_names=["ann", "bob", "eve"], num_rows=3)
    assert texts(ax) == ["eve", "ann", "ann", "anchor", "positive", "negative"]
    assert ax.get_title() == "3 of 4 triplets"
    with pytest.raises(ValueError, match=r"`label_names` must name each code from 0. Received: 2 names, and a code 2"):
        preview(batch, label_names=["ann", "bob"])


def test_groups_are_rows_by_label():
    codes = np.array([5, 3, 5, 3, 5, 1] * 2)
    ax = preview((IMAGES, codes), num_rows=2)
    assert texts(ax) == ["5", "3"]
    assert ax.get_title() == "4 of 12 items, 2 of 3 labels"
    np.testing.assert_array_equal([image.get_array()[..., 0] for image in ax.images], IMAGES[[0, 2, 1, 3], ..., 0])


def test_inputs_alone_and_weights():
    assert len(preview(IMAGES, num_rows=3).images) == 9
    assert texts(preview(({"images": IMAGES}, np.arange(12), np.ones(12)), num_rows=1)) == ["0"]


def test_recordings_can_be_played_as_long_as_they_are():
    rng = np.random.default_rng(0)
    waveforms = rng.uniform(-1, 1, (6, 800)).astype("float32")
    waveforms[0, 0] = 3
    lengths = np.array([800, 300, 800, 10, 800, 800])
    inputs = {"waveforms": waveforms, "lengths": lengths}
    table = preview(((inputs, inputs), np.ones(6)), sample_rate=8000, num_rows=4)
    assert repr(table) == "AudioTable(4 rows, 8 recordings, 8000 Hz)"
    tree = ElementTree.fromstring(table._repr_html_())
    assert [head.text for head in tree[1]] == [None, "a", "b"]
    assert [row[0].text for row in tree[2:]] == ["same"] * 4
    for i, row in enumerate(tree[2:]):
        for cell in row[1:]:
            samples, rate = wav_samples(cell.find("audio"))
            np.testing.assert_allclose(samples, np.clip(waveforms[i, : lengths[i]], -1, 1), atol=1e-4)
            assert rate == 8000
            assert cell.find("br").tail == f"{lengths[i] / 8000:.2f} s"


def test_waveforms_of_labels():
    table = preview((np.zeros((4, 160)), np.array(["b", "a", "b", "b"])))
    tree = ElementTree.fromstring(table.html)
    assert [(row[0].text, len(row) - 1) for row in tree[1:]] == [("b", 3), ("a", 1)]


def test_names_are_escaped_and_long_recordings_cut():
    name = "<img src=x onerror=\"alert(1)\"> & 'co'"
    table = AudioTable([[np.zeros(2400)]], [name], columns=["<b>"], sample_rate=100, title=name)
    tree = ElementTree.fromstring(table.html)
    assert tree.find("caption").text == tree[2][0].text == name
    assert tree[1][1].text == "<b>"
    assert "<img" not in table.html
    assert len(wav_samples(tree.find(".//audio"))[0]) == 1000
    assert tree.find(".//br").tail == "first 10 of 24.00 s"


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (({"features": np.zeros((2, 5, 40)), "lengths": [5, 5]}, [0, 1]), r"Received: shape \(2, 5, 40\), float64"),
        ((IMAGES.astype("float32"), np.arange(12)), r"must hold images.*Received: shape \(12, 9, 7, 1\), float32"),
        ((IMAGES, np.arange(11)), r"one length, at least 1. Received: \[12, 11\]"),
        (((IMAGES, IMAGES[:2]), np.arange(12)), r"Received: \[12, 2, 12\]"),
        ((IMAGES[:0], np.arange(0)), r"Received: \[0, 0\]"),
        ((np.full((2, 8), np.nan), [0, 1]), r"A waveform must be a finite array"),
        (
            ({"image": IMAGES, "audio": np.zeros((12, 8))}, np.arange(12)),
            r"one role. Received: \['image', 'audio'\]. Show",
        ),
        (
            (IMAGES, np.eye(12)),
            r"one of each item. Received: shape \(12, 12\). Of targets .*`targets.argmax\(axis=1\)`",
        ),
        (
            Matches({"a": ArrayItems(IMAGES), "b": ArrayItems(IMAGES[..., 0])}, 3),
            r"must hold arrays. Received: Matches. Of a dataset, give a batch: `dataset\[0\]`",
        ),
    ],
)
def test_bad_batches(batch, message):
    with pytest.raises(ValueError, match=message):
        preview(batch)
    with pytest.raises(ValueError, match=r"`num_rows` must be positive. Received: num_rows=0"):
        preview(batch, num_rows=0)
    with pytest.raises(ValueError, match=r"`sample_rate` must be positive"):
        AudioTable([], [], sample_rate=0)


def test_files_of_images(tmp_path):
    from PIL import Image

    def saved(name, array, **options):
        Image.fromarray(array).save(tmp_path / name, **options)
        return small_image(tmp_path / name)

    turned = Image.Exif()
    turned[0x0112] = 6  # taken with the camera on its side
    assert saved("turned.jpg", np.zeros((10, 20, 3), np.uint8), exif=turned).shape == (20, 10, 3)
    assert saved("deep.png", np.full((4, 4), 40_000, np.uint16))[0, 0].tolist() == [156] * 3
    assert saved("clear.png", np.zeros((4, 4, 4), np.uint8))[0, 0].tolist() == [255] * 3
    assert saved("large.png", np.zeros((30, 3000, 3), np.uint8)).shape == (2, MAX_PIXELS, 3)
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match=r"text\.png' must be an image. Received: cannot identify"):
        small_image(tmp_path / "text.png")
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        small_image(tmp_path / "missing.png")


def test_names_and_captions_do_not_overlap():
    rows = [[ImageCell(IMAGES[0], "a long caption indeed\nin two lines", "#ff0000")] * 3] * 3
    ax = draw_cells(rows, ["a very long name of a label " * 3] * 3, column_names=["columns with long names"] * 3)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(ax.figure.bbox.x0 <= box.x0 and box.x1 <= ax.figure.bbox.x1 for box in boxes)
