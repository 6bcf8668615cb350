"""What is in a batch: arrays, images, recordings."""

import warnings

import numpy as np
import pandas as pd
import pytest

from comparators.generators import ArrayItems, AudioItems, ImageItems, ImageReader

RANDOM = np.random.default_rng(0)


def test_array_items_take_arrays_and_lengths():
    arrays, lengths = RANDOM.normal(size=(6, 4, 2)), [1, 2, 3, 4, 4, 4]
    assert len(ArrayItems(arrays)) == len(ArrayItems(arrays, lengths)) == 6
    np.testing.assert_array_equal(ArrayItems(arrays).take(np.array([3, 0]), RANDOM), arrays[[3, 0]])
    inputs = ArrayItems(arrays, lengths, input_name="waveforms").take(np.array([3, 0]), RANDOM)
    np.testing.assert_array_equal(inputs["waveforms"], arrays[[3, 0]])
    assert inputs["lengths"].tolist() == [4, 1]
    assert inputs["lengths"].dtype == np.int32


def test_array_items_errors():
    with pytest.raises(
        ValueError, match=r"`arrays` must hold at least one item, `\(n, ...\)`. Received: shape \(0, 3\)"
    ):
        ArrayItems(np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"`arrays` must be one array of numbers.*Pad them to one shape"):
        ArrayItems(np.array([np.zeros(2), np.zeros(3)], object))
    with pytest.raises(ValueError, match=r"`lengths` must have one entry for each of the 2 items. Received: 3"):
        ArrayItems(np.zeros((2, 3)), [1, 2, 3])


def test_image_items_read_once(images):
    items = ImageItems(images, ImageReader((5, 6), mode="grey"))
    assert len(items) == 12
    for _ in range(2):
        batch = items.take(np.array([7, 7, 2]), RANDOM)
        assert batch.dtype == np.uint8
        assert batch.shape == (3, 5, 6, 1)
        assert batch[:, 0, 0, 0].tolist() == [70, 70, 20]
    assert (items.cache.num_misses, items.cache.num_hits) == (2, 2)


def test_image_items_of_several_shapes_are_named(images):
    class Whole:
        def read(self, path):
            return np.zeros((5, 6 + path.endswith("4.png"), 1), np.uint8)

    with pytest.raises(
        ValueError, match=r"of one shape. Received: \(5, 7, 1\) from '.*4.png' and \(5, 6, 1\) from '.*3"
    ):
        ImageItems(images, Whole()).take(np.array([3, 4]), RANDOM)


def test_audio_items_take_windows(recordings):
    items = AudioItems(recordings, window_seconds=0.06)
    inputs = items.take(np.arange(21), np.random.default_rng(1))
    again = items.take(np.arange(21), np.random.default_rng(1))
    other = items.take(np.arange(21), np.random.default_rng(2))
    assert inputs["waveforms"].shape == (21, 960)
    assert inputs["lengths"].tolist() == [min(960, 800 * (1 + number % 5)) for number in range(21)]
    np.testing.assert_array_equal(inputs["waveforms"], again["waveforms"])
    assert (inputs["waveforms"] != other["waveforms"]).any()


def test_items_in_files_need_paths(images):
    message = r"`table` must have a column `path`. Received: label. `read_manifest` makes such a table"
    for make in (lambda table: ImageItems(table, ImageReader((5, 6))), lambda table: AudioItems(table, 1.0)):
        with pytest.raises(ValueError, match=message):
            make(images[["label"]])


def test_a_file_that_fails_is_named(images, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    table = pd.DataFrame({"path": [str(tmp_path / "text.png"), str(tmp_path / "gone.png")]})
    items = ImageItems(table, ImageReader((5, 6)))
    with pytest.raises(ValueError, match=r"text\.png"):
        items.take(np.array([0]), RANDOM)
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        items.take(np.array([1]), RANDOM)


def test_a_budget_too_small_for_anything_is_said_once(images):
    items = ImageItems(images, ImageReader((5, 6), mode="grey"), cache_bytes=29)
    with pytest.warns(UserWarning, match=r"takes 30 bytes, more than the whole cache.* Raise it, or set 0") as caught:
        assert items.take(np.arange(12), RANDOM).shape == (12, 5, 6, 1)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ImageItems(images, ImageReader((5, 6)), cache_bytes=0).take(np.arange(12), RANDOM)


def test_windows_can_begin_at_the_start(recordings):
    items = AudioItems(recordings, 0.02, place="start")
    waveforms = items.take(np.arange(4), np.random.default_rng(0))["waveforms"]
    np.testing.assert_allclose(waveforms[:, 0], 100 * np.arange(4) / 32_768)
    with pytest.raises(ValueError, match="place='middle'"):
        AudioItems(recordings, 0.02, place="middle")
