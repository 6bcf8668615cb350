import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.acoustics import SpeechDetector

RATE = 16_000


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).normal(size=int(seconds * RATE))).astype("float32")


def bursts(*parts: tuple[float, float]) -> np.ndarray:
    """Joins stretches of noise given as (seconds, level)."""
    return np.concatenate([noise(seconds, level, seed) for seed, (seconds, level) in enumerate(parts)])


def covers(segments: np.ndarray, first: float, last: float) -> bool:
    return bool(((segments[:, 0] <= first * RATE) & (segments[:, 1] >= last * RATE)).any())


def test_finds_bursts_over_noise():
    samples = bursts((1, 0.001), (0.5, 0.1), (1, 0.001), (0.4, 0.03), (1, 0.001))
    segments = SpeechDetector().segments(samples)
    assert len(segments) == 2
    assert covers(segments, 1.0, 1.5)
    assert covers(segments, 2.5, 2.9)
    assert SpeechDetector().speech_seconds(samples) == pytest.approx(0.9, abs=0.1)


def test_trim_joins_the_segments():
    samples = bursts((1, 0.001), (0.5, 0.1), (1, 0.001), (0.4, 0.03), (1, 0.001))
    detector = SpeechDetector()
    expected = np.concatenate([samples[first:last] for first, last in detector.segments(samples)])
    np.testing.assert_array_equal(detector.trim(samples), expected)


def test_follows_noise_that_changes():
    samples = bursts((20, 0.0005), (0.5, 0.05), (20, 0.0005), (20, 0.01), (0.5, 0.3), (20, 0.01))
    segments = SpeechDetector(noise_window_seconds=5.0).segments(samples)
    assert covers(segments, 20.0, 20.5)
    assert covers(segments, 60.5, 61.0)
    middle = segments[(segments[:, 0] > 46 * RATE) & (segments[:, 1] < 60 * RATE)]
    assert len(middle) == 0


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE, "float32"),
        np.zeros(0, "float32"),
        np.full(RATE, 0.2, "float32"),
        noise(2, 0.1),
        noise(2, 1e-4),
        0.1 * np.sin(np.arange(RATE) * 0.3).astype("float32"),
        np.eye(1, RATE, 5000, dtype="float32")[0],
    ],
    ids=["zeros", "nothing", "constant", "noise", "quiet noise", "tone", "click"],
)
def test_steady_sound_and_clicks_hold_no_speech(samples):
    detector = SpeechDetector()
    assert detector.segments(samples).shape == (0, 2)
    assert detector.trim(samples).shape == (0,)
    assert detector.speech_seconds(samples) == 0.0


@pytest.mark.parametrize("rumble", [np.sin(np.arange(2 * RATE) * 2 * np.pi * 30 / RATE), np.ones(2 * RATE)])
def test_rumble_and_offset_do_not_hide_speech(rumble):
    samples = bursts((1, 0.001), (0.5, 0.02), (0.5, 0.001)) + 0.3 * rumble.astype("float32")
    assert covers(SpeechDetector().segments(samples), 1.0, 1.5)


def test_pauses_padding_and_minimum_are_parameters():
    samples = bursts((1, 0.001), (0.3, 0.1), (0.2, 0.001), (0.3, 0.1), (1, 0.001))
    assert len(SpeechDetector(padding_seconds=0).segments(samples)) == 1
    assert len(SpeechDetector(padding_seconds=0, max_pause_seconds=0.05).segments(samples)) == 2
    assert len(SpeechDetector(padding_seconds=0, min_speech_seconds=0.9, max_pause_seconds=0).segments(samples)) == 0


@given(st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 1)), max_size=8))
@settings(max_examples=40, deadline=None)
def test_segments_are_in_order_apart_and_within(parts):
    samples = bursts(*parts) if parts else np.zeros(0, "float32")
    segments = SpeechDetector().segments(samples)
    flat = segments.ravel()
    assert segments.dtype == np.int64
    assert (np.diff(flat) > 0).all()
    assert len(flat) == 0 or (flat[0] >= 0 and flat[-1] <= len(samples))
    np.testing.assert_array_equal(segments, SpeechDetector().segments(samples.copy()))


def test_level_does_not_matter():
    samples = bursts((1, 0.001), (0.5, 0.1), (1, 0.001))
    np.testing.assert_array_equal(SpeechDetector().segments(samples), SpeechDetector().segments(samples / 4))


def test_config_round_trip():
    detector = SpeechDetector(sample_rate=8_000, sensitivity=0.2, padding_seconds=0.05)
    again = SpeechDetector.from_config(detector.get_config())
    assert again.get_config() == detector.get_config()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"sample_rate": 0}, "`sample_rate` must be an integer of at least 1000 Hz. Received: sample_rate=0"),
        ({"sensitivity": 1.5}, "`sensitivity` must lie between 0 and 1. Received: sensitivity=1.5"),
        ({"padding_seconds": -1}, "`padding_seconds` must not be negative. Received: padding_seconds=-1"),
        ({"noise_window_seconds": 0}, "`noise_window_seconds` must be positive"),
    ],
)
def test_wrong_arguments(argument, message):
    with pytest.raises(ValueError, match=message):
        SpeechDetector(**argument)


def test_two_axes_are_refused():
    with pytest.raises(ValueError, match="must have one axis"):
        SpeechDetector().segments(np.zeros((2, 100)))


@pytest.mark.parametrize("name", ["speech_commands_speakers", "an4_speakers", "librispeech_small"])
def test_never_cuts_a_real_word_entirely(data_folder, name):
    paths = pd.read_csv(data_folder / name / "manifest.csv")["path"]
    detector = SpeechDetector()
    for path in paths[::4]:
        samples, _ = soundfile.read(data_folder / name / path, dtype="float32")
        kept = detector.trim(samples)
        assert len(kept) >= 0.2 * RATE, path
        # The loudest tenth of a second above the rumble is kept.
        power = np.convolve(np.diff(samples) ** 2, np.ones(RATE // 10), "valid")
        centre = int(power.argmax()) + RATE // 20
        assert any(first <= centre < last for first, last in detector.segments(samples)), path
