import numpy as np
import pytest

from comparators.acoustics import scale_to_dbfs

SAMPLES = np.random.default_rng(0).normal(size=1_000).astype("float32")


def dbfs(samples: np.ndarray) -> float:
    return 10 * np.log10(np.mean(samples.astype("float64") ** 2))


@pytest.mark.parametrize("gain", [1e-4, 0.01, 1.0])
def test_reaches_the_level(gain):
    assert dbfs(scale_to_dbfs(gain * SAMPLES, -30.0)) == pytest.approx(-30.0, abs=1e-4)


def test_only_up_leaves_loud_ones():
    np.testing.assert_array_equal(scale_to_dbfs(SAMPLES, -30.0, only_up=True), SAMPLES)
    assert dbfs(scale_to_dbfs(1e-3 * SAMPLES, -30.0, only_up=True)) == pytest.approx(-30.0, abs=1e-4)


@pytest.mark.parametrize("samples", [np.zeros(100, "float32"), np.zeros(0, "float32")])
def test_silence_stays(samples):
    np.testing.assert_array_equal(scale_to_dbfs(samples, -30.0), samples)


def test_is_float32():
    assert scale_to_dbfs(SAMPLES.astype("float64"), -30.0).dtype == np.float32


def test_is_resemblyzers():
    audio = pytest.importorskip("resemblyzer.audio")
    quiet = 1e-3 * SAMPLES
    np.testing.assert_allclose(
        scale_to_dbfs(quiet, -30.0, only_up=True), audio.normalize_volume(quiet, -30, increase_only=True), rtol=1e-5
    )
