"""The picture of a matchmap has its heat at the right place and second."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from comparators.plots import matchmap

DIGIT = np.zeros((28, 28), np.uint8)


def peak(rows=4, columns=6, frames=5, at=(1, 4, 3)):
    scores = np.random.default_rng(0).normal(0, 0.01, (rows, columns, frames))
    scores[at] = 2.0
    return scores


@pytest.mark.parametrize("over_time", ["max", "mean"])
@pytest.mark.parametrize(("sample_rate", "seconds"), [(8000, 0.5), (44100, 3.0)])
def test_heat_lies_at_its_place_and_time(over_time, sample_rate, seconds):
    scores = peak()
    ax = matchmap(DIGIT, np.ones(int(seconds * sample_rate)), scores, sample_rate, over_time=over_time)
    image, colour_bar, waveform, over_seconds = ax.child_axes
    heat = image.images[1]
    want = scores.max(axis=2) if over_time == "max" else scores.mean(axis=2)
    np.testing.assert_allclose(heat.get_array(), want)
    assert np.argmax(heat.get_alpha()) == np.argmax(want)
    assert heat.get_extent() == [0, 1, 1, 0]
    assert [line.get_data()[0][0] for line in image.lines] == [pytest.approx(4.5 / 6)] * 2
    assert [line.get_data()[1][0] for line in image.lines] == [pytest.approx(1.5 / 4)] * 2
    assert colour_bar.get_xlabel() == {"max": "score, best moment", "mean": "score, mean over time"}[over_time]
    assert waveform.get_xlim() == over_seconds.get_xlim() == (0.0, seconds)
    bars = over_seconds.patches[:5]
    np.testing.assert_allclose([bar.get_x() for bar in bars], np.arange(5) * seconds / 5, atol=1e-9)
    np.testing.assert_allclose([bar.get_y() + bar.get_height() for bar in bars], scores.max(axis=(0, 1)))
    for panel in (waveform, over_seconds):
        assert panel.lines[-1].get_xdata() == pytest.approx([3.5 * seconds / 5] * 2)
    assert over_seconds.get_xlabel() == "time (s)"


def test_frames_may_have_a_length_of_their_own():
    ax = matchmap(DIGIT, np.ones(16000), peak(), frame_seconds=0.16)
    np.testing.assert_allclose([bar.get_x() for bar in ax.child_axes[3].patches[:5]], [0, 0.16, 0.32, 0.48, 0.64])
    assert ax.child_axes[3].get_xlim() == (0.0, 1.0)


def test_colours_are_one_scale_over_image_and_time():
    ax = matchmap(DIGIT, np.ones(800), peak(), over_time="mean")
    heat, bars = ax.child_axes[0].images[1], ax.child_axes[3].patches[:5]
    assert heat.norm.vmax == 2.0
    np.testing.assert_allclose(bars[3].get_facecolor(), heat.cmap(1.0))


def test_small_large_flat_and_negative_maps_are_drawn(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (224, 320, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    rng = np.random.default_rng(0)
    for image, scores in [
        (photo, 100 * rng.normal(size=(14, 14, 128))),
        (tmp_path / "photo.png", np.zeros((14, 14, 3))),
        (DIGIT[..., None], np.full((1, 1, 1), -500.0)),
        (DIGIT, rng.normal(size=(7, 7, 6)) - 9),
    ]:
        ax = matchmap(image, rng.normal(size=16000), scores)
        ax.figure.canvas.draw()
        low, high = ax.child_axes[3].get_ylim()
        assert low < scores.max() <= high
    own = plt.figure().subplots()
    assert matchmap(DIGIT, np.ones(1600), peak(), ax=own) is own


def test_proportions_of_the_image_are_kept():
    ax = matchmap(np.zeros((50, 100), np.uint8), np.ones(1600), peak())
    ax.figure.canvas.draw()
    box = ax.child_axes[0].get_window_extent()
    assert box.width / box.height == pytest.approx(2, rel=1e-3)


def test_bad_input():
    good = {"image": DIGIT, "samples": np.ones(100), "scores": peak()}
    for bad, message in [
        ({"scores": np.zeros((3, 4))}, r"`\(rows, columns, frames\)`, not empty. Received: shape \(3, 4\)"),
        ({"scores": np.zeros((3, 4, 0))}, r"Received: shape \(3, 4, 0\) with 0 values"),
        ({"scores": np.full((1, 1, 2), np.nan)}, r"with 2 values NaN or infinite"),
        ({"samples": []}, r"`samples` must be a finite waveform"),
        ({"image": np.zeros((4, 4))}, r"An image must be a path, or an array of uint8"),
        ({"over_time": "sum"}, r'`over_time` must be "max" or "mean". Received: over_time=\'sum\''),
        ({"frame_seconds": 0}, r"must be positive. Received: sample_rate=16000, frame_seconds=0"),
        ({"sample_rate": -1}, r"Received: sample_rate=-1"),
    ]:
        with pytest.raises(ValueError, match=message):
            matchmap(**good | bad)
