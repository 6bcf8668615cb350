import librosa
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.log_mel import LogMel


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize(("normalization", "floor"), [("slaney", 1e-5), (None, 1e-4)])
def test_it_is_librosas(scale, normalization, floor, voices):
    paths = sorted(voices.glob("*.flac"))[::40]
    assert paths, "the bundled recordings are missing"
    for path in paths:
        clip, _ = librosa.load(path, sr=16_000)
        expected = librosa.feature.melspectrogram(
            y=clip,
            sr=16_000,
            n_fft=512,
            win_length=400,
            hop_length=160,
            n_mels=80,
            htk=scale == "htk",
            norm=normalization,
            pad_mode="constant",
        ).T
        for lowest, tolerance in ((floor, 1e-4), (floor / 10, 1e-3)):
            layer = LogMel(scale=scale, normalization=normalization, floor=lowest)
            outputs = ops.convert_to_numpy(layer(clip[None]))[0]
            np.testing.assert_allclose(outputs, np.log(np.maximum(expected, lowest)), atol=tolerance, rtol=0)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    clips = (0.1 * random.normal(size=(3, 4_000))).astype("float32")
    layer = LogMel(num_mels=20, floor=1e-3)
    check_layer(layer, clips, np.array([4_000, 1_234, 0], "int32"), output_shape=(3, 26, 20))


def test_silence_is_the_logarithm_of_the_floor():
    outputs = ops.convert_to_numpy(LogMel(floor=1e-4)(np.zeros((1, 1_600), "float32")))
    np.testing.assert_allclose(outputs, np.log(1e-4), rtol=1e-6)


def test_a_floor_that_is_not_positive_is_named():
    with pytest.raises(ValueError, match=r"`floor` must be positive. Received: floor=0"):
        LogMel(floor=0.0)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_silence_begins_where_the_decibels_below_an_items_loudest_place_end(power, random):
    clips = (np.array([[1.0], [0.01]]) * random.normal(size=(2, 4_000))).astype("float32")
    clips[:, 2_000:] *= 1e-4  # 80 dB
    expected = ops.convert_to_numpy(LogMel(num_mels=20, floor=1e-12, power=power)(clips))
    peaks = expected.max(axis=(1, 2), keepdims=True)
    expected = np.maximum(expected, peaks - 30 * power / 20 * np.log(10))
    outputs = ops.convert_to_numpy(LogMel(num_mels=20, floor=1e-12, power=power, top_db=30.0)(clips))
    np.testing.assert_allclose(outputs, expected, atol=1e-3)
    assert (outputs[:, 20:] == outputs.min(axis=(1, 2), keepdims=True)).all(), "the quiet half is silence"
    silent = LogMel(num_mels=20, floor=1e-3, top_db=30.0)(np.zeros((1, 800), "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(silent), np.log(1e-3), rtol=1e-6)


def test_decibels_that_are_not_positive_are_named():
    with pytest.raises(ValueError, match=r"`top_db` must be positive. Received: top_db=-40"):
        LogMel(top_db=-40.0)
