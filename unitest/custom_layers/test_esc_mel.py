"""The small transformer's front end: parity, padding, silence, empty filters, errors."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import ESCMel

LENGTHS = np.array([8_000, 4_321, 280, 199, 1, 0], "int32")


def features(layer, waveforms, lengths=None) -> np.ndarray:
    return ops.convert_to_numpy(layer(waveforms, lengths))


@pytest.fixture(scope="module")
def case(golden):
    return golden("features_ikiskin_fbank")


def signal(case, seconds: int) -> np.ndarray:
    samples = np.trunc(case.rule.make_signal(seconds)[::2] * np.float32(32_767)).astype("int16")
    return samples.astype("float32")[None] / 32_768


@pytest.mark.parametrize("seconds", [1, 10])
def test_published_features(case, seconds):
    """3e-5 of the largest value, 14."""
    plain, normalized = ESCMel(target_length=None, normalize=False), ESCMel(target_length=None)
    assert case.difference(f"fbank_{seconds}s", features(plain, signal(case, seconds))[0]) < 14 * 3e-5
    assert case.difference(f"normalised_{seconds}s", features(normalized, signal(case, seconds))[0]) < 4.5 * 3e-5


def test_parity_tells_a_symmetric_window(case):
    layer = ESCMel(target_length=None, normalize=False)
    layer._window = (32_768 * np.hanning(200)).astype("float32")
    assert case.difference("fbank_1s", features(layer, signal(case, 1))[0]) > 5e-3


def test_layer(check_layer, random):
    waveforms = (0.1 * random.normal(size=(6, 8_000))).astype("float32")
    check_layer(ESCMel(target_length=None, num_mels=32), waveforms, LENGTHS, (6, 98, 32), tolerance=1e-4)


def test_one_length(random):
    waveforms = (0.1 * random.normal(size=(2, 8_000))).astype("float32")
    free = features(ESCMel(target_length=None), waveforms)
    np.testing.assert_allclose(features(ESCMel(target_length=50), waveforms), free[:, :50], atol=1e-5)
    longer = features(ESCMel(target_length=120), waveforms)
    np.testing.assert_allclose(longer[:, :98], free, atol=1e-5)
    assert not longer[:, 98:].any()


def test_silence_is_zero():
    assert np.abs(features(ESCMel(), np.zeros((1, 40_000), "float32"))).max() < 0.1
    assert np.isfinite(features(ESCMel(), np.zeros((1, 0), "float32"))).all()


def test_empty_filters_are_told():
    with pytest.warns(UserWarning, match=r"of 128 mel filters are empty.*Received: fft_length=256"):
        ESCMel(fft_length=256)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`target_length` must be positive or None. Received: target_length=0"):
        ESCMel(target_length=0)
    with pytest.raises(ValueError, match=r"`fft_length` must be at least 200. Received: fft_length=128"):
        ESCMel(fft_length=128)
    with pytest.raises(ValueError, match=r"add the batch axis"):
        ESCMel()(np.zeros(8_000, "float32"))
