import keras
import librosa
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.mel_spectrogram import MelSpectrogram

LENGTHS = np.array([8_000, 4_321, 100, 0], "int32")


def waveforms(random, batch=4, samples=8_000):
    return (0.1 * random.normal(size=(batch, samples))).astype("float32")


def librosas(clip, layer):
    return librosa.feature.melspectrogram(
        y=clip,
        sr=layer.sample_rate,
        n_fft=layer.fft_length,
        win_length=layer.window_length,
        hop_length=layer.hop_length,
        n_mels=layer.num_mels,
        fmin=layer.min_frequency,
        fmax=layer.max_frequency,
        htk=layer.scale == "htk",
        norm=layer.normalization,
        power=layer.power,
        pad_mode="constant",
    ).T


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    outputs = check_layer(MelSpectrogram(num_mels=20), waveforms(random), LENGTHS, output_shape=(4, 51, 20))
    assert outputs.dtype == "float32"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"scale": "htk", "normalization": None},
        {"window_length": 512, "num_mels": 40, "min_frequency": 20.0, "max_frequency": 7_600.0},
        {"fft_length": 1024, "window_length": 1024, "hop_length": 256, "sample_rate": 22_050, "num_mels": 128},
        {"fft_length": 400, "window_length": 400, "num_mels": 40},
        {"window_length": 401, "power": 1.0},
    ],
)
def test_values_are_librosas(arguments, random):
    layer = MelSpectrogram(**arguments)
    clips = waveforms(random, 2)
    outputs = ops.convert_to_numpy(layer(clips))
    for clip, frames in zip(clips, outputs, strict=True):
        expected = librosas(clip, layer)
        np.testing.assert_allclose(frames, expected, rtol=1e-4, atol=1e-6 * expected.max())


@pytest.mark.parametrize("samples", [0, 1, 100, 159, 160, 511, 513])
def test_any_length_gives_its_frames(samples, random):
    outputs = MelSpectrogram(num_mels=20)(waveforms(random, 1, samples))
    assert tuple(outputs.shape) == (1, 1 + samples // 160, 20)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_it_is_float32_under_any_policy(policy, random):
    clips = waveforms(random, 1)
    expected = ops.convert_to_numpy(MelSpectrogram()(clips))
    keras.config.set_dtype_policy(policy)
    try:
        layer = MelSpectrogram()
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(ops.convert_to_numpy(layer(clips)), expected, rtol=1e-5)
    assert layer(clips.astype("float16")).dtype == MelSpectrogram()(clips).dtype


def test_nothing_is_trained_or_stored():
    layer = MelSpectrogram()
    layer(np.zeros((1, 400), "float32"))
    assert layer.weights == []


def test_gradient_of_silence_is_finite(gradients):
    for power in (1.0, 2.0):
        layer = MelSpectrogram(power=power)
        (slope,) = gradients(lambda clip, layer=layer: ops.sum(layer(clip)), np.zeros((1, 800), "float32"))
        assert np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fft_length": 511}, "`fft_length` must be even and positive. Received: fft_length=511"),
        ({"window_length": 600}, "window_length=600, fft_length=512"),
        ({"hop_length": 0}, "hop_length=0"),
        ({"power": 0.0}, "power=0.0"),
        ({"max_frequency": 9_000.0}, "max_frequency=9000.0"),
        ({"scale": "bark"}, "scale='bark'"),
        ({"num_mel": 3}, "num_mel"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        MelSpectrogram(**arguments)


def test_a_clip_without_batch_axis_is_explained():
    with pytest.raises(ValueError, match=r"clip\[None\].*Received: shape=\(16000,\)"):
        MelSpectrogram()(np.zeros(16_000, "float32"))
