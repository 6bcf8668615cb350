"""Kaldi's filter bank in double precision: parity, blocks, clips of any length, errors."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from comparators.acoustics import kaldi_fbank

GOLDEN = Path(__file__).parents[1] / "golden"
RULE = importlib.util.spec_from_file_location("golden_rule", GOLDEN / "rule.py")
rule = importlib.util.module_from_spec(RULE)
RULE.loader.exec_module(rule)


@pytest.fixture(scope="module")
def case():
    return rule.load_case("features_kaldi_fbank")


def test_double_precision(case):
    assert rule.compare(*case, "fbank_hanning_1s_double", kaldi_fbank(rule.make_signal(1)))[0] < 2e-4


@pytest.mark.parametrize("window", ["hanning", "hamming", "povey"])
def test_windows(case, window):
    features = kaldi_fbank(rule.make_signal(1), window=window)
    assert rule.compare(*case, f"fbank_{window}_1s", features)[0] < 0.01
    assert np.abs(features - case[1][f"fbank_{window}_1s"]).mean() < 1e-3


def test_ten_seconds(case):
    assert rule.compare(*case, "fbank_hanning_10s", kaldi_fbank(rule.make_signal(10)))[0] < 0.01


def test_silence(case):
    np.testing.assert_allclose(kaldi_fbank(np.zeros(16_000)), case[1]["silence"][0], rtol=1e-6)


@pytest.mark.parametrize(("samples", "frames"), [(0, 1), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2)])
def test_short_clips(samples, frames):
    features = kaldi_fbank(np.random.default_rng(0).normal(size=samples))
    assert features.shape == (frames, 128)
    assert np.isfinite(features).all()


def test_blocks_have_no_seams():
    samples = np.random.default_rng(0).normal(size=700_000)
    start = 4_090 * 160
    np.testing.assert_allclose(kaldi_fbank(samples)[4_090:], kaldi_fbank(samples[start:]), atol=1e-5)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"`samples` must have one axis, `\(samples,\)`. Received: shape=\(2, 400\)"):
        kaldi_fbank(np.zeros((2, 400)))
    with pytest.raises(ValueError, match=r"`window` must be one of hanning, hamming, povey. Received: window='hann'"):
        kaldi_fbank(np.zeros(400), window="hann")
    with pytest.raises(ValueError, match=r"`sample_rate` must be at least 100. Received: sample_rate=0"):
        kaldi_fbank(np.zeros(400), sample_rate=0)
