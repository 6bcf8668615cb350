"""The front end of AST and CAV-MAE: what it adds to Kaldi's filter bank, presets, silence, errors."""

import numpy as np
import pytest
from keras import ops

from comparators.acoustics import kaldi_fbank
from comparators.custom_layers import NormalizedFbank
from comparators.custom_layers.fbank_presets import FBANK_PRESETS

LENGTHS = np.array([16_000, 9_000, 399, 0], "int32")


def features(layer, waveforms, lengths=None) -> np.ndarray:
    return ops.convert_to_numpy(layer(waveforms, lengths))


@pytest.fixture
def waveforms(random):
    return (0.3 + 0.1 * random.normal(size=(4, 16_000))).astype("float32")


@pytest.mark.parametrize("name", sorted(FBANK_PRESETS))
def test_presets_by_the_published_steps(name, waveforms):
    preset = FBANK_PRESETS[name]
    clip = waveforms[0] - waveforms[0].mean()
    padded = np.zeros((preset.target_length, 128))
    padded[:98] = kaldi_fbank(clip)
    expected = (padded - preset.mean) / (preset.num_stds * preset.std)
    np.testing.assert_allclose(features(NormalizedFbank.from_preset(name), waveforms[:1])[0], expected, atol=2e-3)


def test_clips_of_a_batch_are_as_alone(waveforms):
    layer = NormalizedFbank(target_length=60)
    together = features(layer, waveforms, LENGTHS)
    assert together.shape == (4, 60, 128)
    for item, length in enumerate(LENGTHS):
        alone = features(layer, waveforms[item : item + 1, :length])
        np.testing.assert_allclose(together[item], alone[0], atol=1e-4)


def test_layer(check_layer, waveforms):
    check_layer(NormalizedFbank(target_length=98, num_mels=40), waveforms, output_shape=(4, 98, 40))


def test_padding_with_silence():
    layer = NormalizedFbank(target_length=120, mean=0.0, std=0.5, pad="silence")
    silent = features(layer, np.zeros((1, 16_000), "float32"))[0]
    np.testing.assert_allclose(silent, np.log(2.0**-23), rtol=1e-5)
    assert not features(NormalizedFbank(target_length=120, mean=0.0), np.zeros((1, 16_000), "float32"))[0, 98:].any()


def test_other_sample_rates():
    layer = NormalizedFbank(sample_rate=8_000, num_mels=40, target_length=20)
    assert features(layer, np.zeros((1, 8_000), "float32")).shape == (1, 20, 40)
    assert int(layer.output_lengths(1_000)) == 11


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`std` must be positive. Received: std=0"):
        NormalizedFbank(std=0)
    with pytest.raises(ValueError, match=r"`pad` must be one of zero, silence. Received: pad='loud'"):
        NormalizedFbank(pad="loud")
    with pytest.raises(ValueError, match=r"`name` must be one of ast-audioset, .* Received: name='ast'"):
        NormalizedFbank.from_preset("ast")
