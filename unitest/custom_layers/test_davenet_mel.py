"""DAVEnet's front end: parity, padding, clips of any length, silence, errors."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import DaveNetMel
from comparators.custom_layers.clip_mel import mirror_ends

LENGTHS = np.array([8_000, 4_321, 399, 100, 1, 0], "int32")


def decibels(layer, waveforms, lengths=None) -> np.ndarray:
    return ops.convert_to_numpy(layer(waveforms, lengths))


@pytest.fixture
def waveforms(random):
    return (0.1 * random.normal(size=(6, 8_000))).astype("float32")


@pytest.fixture(scope="module")
def case(golden):
    return golden("features_davenet")


def test_published_features(case):
    """One second alone is as one second in a batch with ten."""
    short, long = (case.rule.make_signal(seconds) for seconds in (1, 10))
    batch = np.full((2, len(long)), 9.0, "float32")
    batch[0], batch[1, : len(short)] = long, short
    outputs = decibels(DaveNetMel(target_length=None), batch, np.array([len(long), len(short)]))
    assert case.difference("logmel_10s", outputs[0].T) < 1e-3
    assert case.difference("logmel_1s", outputs[1, :101].T) < 1e-3
    np.testing.assert_array_equal(outputs[1, 101:], -80)


def test_published_padding(case):
    signal = case.rule.make_signal(1)[None]
    compatible = decibels(DaveNetMel(pad_value=0.0), signal)[0]
    assert compatible.shape == (2048, 40)
    assert case.difference("padded_1s", compatible.T) < 1e-3
    ours = decibels(DaveNetMel(), signal)[0]
    np.testing.assert_array_equal(ours[:101], compatible[:101])
    np.testing.assert_array_equal(ours[101:], -80)


def test_padding_with_zeros_around_the_clip(case):
    layer = DaveNetMel(target_length=None, center_padding="constant")
    outputs = decibels(layer, case.rule.make_signal(1)[None])[0]
    assert case.difference("logmel_constant_1s", outputs.T) < 1e-3
    assert case.difference("logmel_1s", outputs.T) > 0.1


def test_parity_tells_a_periodic_window(case):
    layer = DaveNetMel(target_length=None)
    layer._window = np.hamming(401)[:-1].astype("float32")
    assert case.difference("logmel_1s", decibels(layer, case.rule.make_signal(1)[None])[0].T) > 5e-3


def test_layer_keeps_the_rules_of_layers(check_layer, waveforms):
    layer = DaveNetMel(target_length=None)
    outputs = check_layer(layer, waveforms, LENGTHS, output_shape=(6, 51, 40), tolerance=1e-3)
    assert outputs.dtype == "float32"
    check_layer(DaveNetMel(target_length=30, num_mels=20), waveforms, output_shape=(6, 30, 20), tolerance=1e-3)


def test_cut_after_the_loudest_place_was_sought(waveforms):
    waveforms[0, 7_000:] *= 100
    whole = decibels(DaveNetMel(target_length=None), waveforms)
    cut = DaveNetMel(target_length=20)
    np.testing.assert_array_equal(decibels(cut, waveforms), whole[:, :20])
    assert whole[0, :20].max() < -30
    lengths = ops.convert_to_numpy(cut.output_lengths(LENGTHS))
    assert lengths.tolist() == [20, 20, 3, 1, 1, 1]


@pytest.mark.parametrize("samples", [0, 1, 2, 100, 200, 201, 399, 400, 401])
def test_short_clips_are_finite(samples, random):
    clip = (0.1 * random.normal(size=(1, samples))).astype("float32")
    outputs = decibels(DaveNetMel(target_length=None), clip)
    assert outputs.shape == (1, 1 + samples // 160, 40)
    assert np.isfinite(outputs).all()
    assert outputs.min() >= -80
    assert outputs.max() == 0


def test_silence_has_no_loudest_place():
    np.testing.assert_array_equal(decibels(DaveNetMel(target_length=None), np.zeros((1, 1_600), "float32")), 0)


@pytest.mark.parametrize("samples", [1, 2, 3, 5, 100])
def test_mirrored_ends(samples, random):
    clips = random.normal(size=(2, 100)).astype("float32")
    mirrored = ops.convert_to_numpy(mirror_ends(clips, np.full(2, samples, "int32"), 9))
    expected = np.pad(clips[:, :samples], ((0, 0), (9, 9)), "reflect" if samples > 1 else "edge")
    np.testing.assert_array_equal(mirrored[:, : samples + 18], expected)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`target_length` must be positive or None. Received: target_length=0"):
        DaveNetMel(target_length=0)
    with pytest.raises(ValueError, match=r"`top_db` must be positive. Received: top_db=0"):
        DaveNetMel(top_db=0)
    with pytest.raises(ValueError, match=r"one of reflect, constant. Received: center_padding='same'"):
        DaveNetMel(center_padding="same")
    with pytest.raises(ValueError, match=r"Waveforms must be `\(batch, samples\)`.* Received: shape=\(400,\)"):
        DaveNetMel()(np.zeros(400, "float32"))
