"""Kaldi's filter bank in the graph: parity, clips of any length, silence."""

import numpy as np
import pytest
from keras import ops

from comparators.acoustics import kaldi_fbank
from comparators.custom_layers import KaldiFbank

LENGTHS = np.array([8_000, 4_321, 401, 100, 0], "int32")


def test_published_features(golden):
    case = golden("features_kaldi_fbank")
    short, long = (case.rule.make_signal(seconds) for seconds in (1, 10))
    batch = np.full((2, len(long)), 9.0, "float32")
    batch[0], batch[1, : len(short)] = long, short
    outputs = ops.convert_to_numpy(KaldiFbank()(batch, np.array([len(long), len(short)])))
    assert case.difference("fbank_hanning_10s", outputs[0]) < 0.01
    assert case.difference("fbank_hanning_1s", outputs[1, :98]) < 0.01
    assert np.abs(outputs[1, :98] - case.arrays["fbank_hanning_1s"]).mean() < 1e-3


@pytest.mark.parametrize("window", ["hanning", "hamming", "povey"])
def test_it_is_the_function_of_acoustics(window, random):
    clip = (0.1 * random.normal(size=9_000)).astype("float32")
    outputs = ops.convert_to_numpy(KaldiFbank(8_000, 40, window)(clip[None]))[0]
    np.testing.assert_allclose(outputs, kaldi_fbank(clip, 8_000, 40, window), atol=1e-3)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    waveforms = (0.1 * random.normal(size=(5, 8_000))).astype("float32")
    outputs = check_layer(KaldiFbank(num_mels=20), waveforms, LENGTHS, output_shape=(5, 48, 20), tolerance=1e-3)
    assert outputs.dtype == "float32"


@pytest.mark.parametrize(("samples", "frames"), [(0, 1), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2)])
def test_short_clips(samples, frames, random):
    outputs = ops.convert_to_numpy(KaldiFbank()((0.1 * random.normal(size=(1, samples))).astype("float32")))
    assert outputs.shape == (1, frames, 128)
    assert np.isfinite(outputs).all()


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`window` must be one of hanning, hamming, povey. Received: window='hann'"):
        KaldiFbank(window="hann")
    with pytest.raises(ValueError, match=r"Waveforms must be `\(batch, samples\)`.* Received: shape=\(400,\)"):
        KaldiFbank()(np.zeros(400, "float32"))
