import librosa
import numpy as np
import pytest

from comparators.acoustics import log_mel_spectrogram

SAMPLES = (0.1 * np.random.default_rng(0).normal(size=12_345)).astype("float32")


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("normalization", ["slaney", None])
@pytest.mark.parametrize(("fft_length", "window_length", "power"), [(512, 400, 2.0), (400, 400, 1.0), (1024, 401, 2.0)])
def test_is_librosas(scale, normalization, fft_length, window_length, power):
    expected = librosa.feature.melspectrogram(
        y=SAMPLES, sr=16_000, n_fft=fft_length, win_length=window_length, hop_length=160, n_mels=40, power=power,
        htk=scale == "htk", norm=normalization, pad_mode="constant",
    )  # fmt: skip
    actual = log_mel_spectrogram(
        SAMPLES,
        fft_length=fft_length,
        window_length=window_length,
        num_mels=40,
        scale=scale,
        normalization=normalization,
        power=power,
        floor=1e-6,
    )
    np.testing.assert_allclose(actual, np.log(np.maximum(expected.T, 1e-6)), atol=1e-4)


def test_is_the_layers():
    keras = pytest.importorskip("keras")
    from comparators.custom_layers.log_mel import LogMel

    for arguments in ({}, {"num_mels": 40, "window_length": 512, "floor": 1e-3, "scale": "htk", "power": 1.0}):
        layer = keras.ops.convert_to_numpy(LogMel(**arguments)(SAMPLES[None]))[0]
        np.testing.assert_allclose(log_mel_spectrogram(SAMPLES, **arguments), layer, atol=1e-4)


@pytest.mark.parametrize("num_samples", [0, 1, 159, 160, 700_000])
def test_any_length(num_samples):
    mel = log_mel_spectrogram(np.zeros(num_samples, "float32"))
    assert mel.shape == (1 + num_samples // 160, 80)
    assert mel.dtype == np.float32
    np.testing.assert_allclose(mel, np.log(1e-6), rtol=1e-6)


def test_blocks_change_nothing():
    long = np.tile(SAMPLES, 60)
    np.testing.assert_allclose(
        log_mel_spectrogram(long)[4_090:4_100], log_mel_spectrogram(long[: 4_200 * 160])[4_090:4_100], atol=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fft_length": 511}, "`fft_length` must be even"),
        ({"window_length": 513}, "`window_length` from 1 to `fft_length`. Received: fft_length=512, window_length=513"),
        ({"hop_length": 0}, "`hop_length` must be positive. Received: hop_length=0"),
        ({"floor": 0.0}, "`floor` must be positive. Received: floor=0.0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        log_mel_spectrogram(SAMPLES, **arguments)


def test_two_axes_are_refused():
    with pytest.raises(ValueError, match="must have one axis"):
        log_mel_spectrogram(SAMPLES[None])
