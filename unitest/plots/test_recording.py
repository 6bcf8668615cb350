"""The picture of a recording has the right seconds and Hz."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from comparators.acoustics import hz_to_mel
from comparators.plots import recording


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_a_tone_lies_at_its_frequency_and_time(sample_rate):
    seconds = np.arange(2 * sample_rate) / sample_rate
    tone = np.where(seconds >= 1, 0.5 * np.sin(2 * np.pi * 1000 * seconds), 0)
    ax = recording(tone, sample_rate)
    waveform, spectrogram, _ = ax.child_axes
    assert waveform.get_xlim() == spectrogram.get_xlim() == (0.0, 2.0)
    image = spectrogram.images[0]
    left, right, low, high = image.get_extent()
    values = np.asarray(image.get_array())
    row, column = np.unravel_index(values.argmax(), values.shape)
    mel = low + (row + 0.5) / len(values) * (high - low)
    assert abs(mel - hz_to_mel(1000.0)) < (high - low) / len(values)
    assert left + (column + 0.5) / values.shape[1] * (right - left) > 0.95
    ticks = dict(
        zip([text.get_text() for text in spectrogram.get_yticklabels()], spectrogram.get_yticks(), strict=True)
    )
    assert ticks["1,000"] == pytest.approx(float(hz_to_mel(1000.0)))
    assert spectrogram.get_xlabel() == "time (s)"
    assert spectrogram.get_ylabel() == "frequency (Hz)"


def test_segments_are_shaded_where_they_are():
    ax = recording(np.ones(16000) * 0.1, segments=[[1600, 3200], [8000, 16000]])
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.child_axes[0].patches]
    np.testing.assert_allclose(spans, [(0.1, 0.2), (0.5, 1.0)])


def test_long_short_and_silent_recordings_are_drawn():
    peaks = np.zeros(160_000)
    peaks[77_777] = 0.9
    for samples in (peaks, np.zeros(8000), np.array([0.5]), np.full(50, 0.1)):
        ax = recording(samples)
        ax.figure.canvas.draw()
    path = recording(peaks).child_axes[0].collections[0].get_paths()[0].vertices
    assert path[:, 1].max() == pytest.approx(0.9)
    own = plt.figure().subplots()
    assert recording(np.ones(1600), ax=own) is own


def test_bad_input():
    with pytest.raises(ValueError, match=r"Received: shape \(0,\) with 0 values"):
        recording([])
    with pytest.raises(ValueError, match=r"Received: shape \(2, 3\)"):
        recording(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"with 1 values NaN or infinite"):
        recording([0.0, np.nan])
    with pytest.raises(ValueError, match=r"within the waveform's 100. Received: \[\[50, 101\]\]"):
        recording(np.zeros(100), segments=[[50, 101]])
