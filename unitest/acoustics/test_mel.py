import librosa
import numpy as np
import pytest

from comparators.acoustics.mel import hz_to_mel, mel_filterbank, mel_to_hz


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("normalization", ["slaney", None])
@pytest.mark.parametrize(
    ("sample_rate", "fft_length", "num_mels", "lowest", "highest"),
    [(16_000, 512, 80, 0.0, None), (16_000, 400, 40, 20.0, 7_600.0), (22_050, 1024, 128, 0.0, 8_000.0)],
)
def test_filterbank_is_librosas(scale, normalization, sample_rate, fft_length, num_mels, lowest, highest):
    expected = librosa.filters.mel(
        sr=sample_rate,
        n_fft=fft_length,
        n_mels=num_mels,
        fmin=lowest,
        fmax=highest,
        htk=scale == "htk",
        norm=normalization,
    )
    filters = mel_filterbank(sample_rate, fft_length, num_mels, lowest, highest, scale, normalization)
    assert filters.shape == (1 + fft_length // 2, num_mels)
    assert filters.dtype == "float32"
    np.testing.assert_allclose(filters, expected.T, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_scale_is_librosas_and_inverts(scale):
    hz = np.linspace(0, 11_025, 500)
    np.testing.assert_allclose(hz_to_mel(hz, scale), librosa.hz_to_mel(hz, htk=scale == "htk"), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, scale), scale), hz, rtol=1e-12, atol=1e-9)


def test_filters_without_normalization_sum_to_one_inside():
    filters = mel_filterbank(16_000, 4096, 20, normalization=None)
    centres = mel_to_hz(np.linspace(0, hz_to_mel(8_000), 22))
    hz = np.linspace(0, 8_000, 2049)
    inside = (hz > centres[1]) & (hz < centres[-2])
    np.testing.assert_allclose(filters[inside].sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_mels": 0}, "`num_mels` must be positive. Received: num_mels=0"),
        ({"max_frequency": 9_000.0}, "max_frequency=9000.0"),
        ({"min_frequency": 4_000.0, "max_frequency": 3_000.0}, "`min_frequency` < `max_frequency`"),
        ({"scale": "bark"}, "scale='bark'"),
        ({"normalization": "area"}, "normalization='area'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        mel_filterbank(**{"sample_rate": 16_000, "fft_length": 512, "num_mels": 80} | arguments)
