"""The zero-shot front end: parity, clips of any length, silence."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import ZeroShotMel

LENGTHS = np.array([8_000, 4_321, 100, 0], "int32")


def test_published_features(golden):
    case = golden("features_zeroshot_mel")
    short, long = (case.rule.make_signal(seconds) for seconds in (1, 10))
    batch = np.full((2, len(long)), 9.0, "float32")
    batch[0], batch[1, : len(short)] = long, short
    outputs = ops.convert_to_numpy(ZeroShotMel()(batch, np.array([len(long), len(short)])))
    assert case.difference("logmel_10s", outputs[0]) < 1e-4
    assert case.difference("logmel_1s", outputs[1, :63]) < 1e-4
    np.testing.assert_allclose(outputs[1, 63:], outputs[1, :63].max() - 1, atol=1e-6)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    waveforms = (0.1 * random.normal(size=(4, 8_000))).astype("float32")
    outputs = check_layer(ZeroShotMel(num_mels=20), waveforms, LENGTHS, output_shape=(4, 32, 20))
    assert outputs.dtype == "float32"


@pytest.mark.parametrize("samples", [0, 1, 256, 257, 511])
def test_short_clips_are_finite(samples, random):
    outputs = ops.convert_to_numpy(ZeroShotMel()((0.1 * random.normal(size=(1, samples))).astype("float32")))
    assert outputs.shape == (1, 1 + samples // 256, 80)
    assert np.isfinite(outputs).all()
    assert outputs.max() - outputs.min() <= 1 + 1e-6


def test_silence_is_the_floor():
    outputs = ops.convert_to_numpy(ZeroShotMel()(np.zeros((1, 1_600), "float32")))
    np.testing.assert_allclose(outputs, -100 / 80, rtol=1e-6)


def test_three_seconds_are_the_frames_of_the_tutorial():
    assert ZeroShotMel().compute_output_shape((4, 48_000)) == (4, 188, 80)


def test_waveforms_of_another_shape():
    with pytest.raises(ValueError, match=r"Waveforms must be `\(batch, samples\)`.* Received: shape=\(400,\)"):
        ZeroShotMel()(np.zeros(400, "float32"))
