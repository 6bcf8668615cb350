"""What each augmentation of waveforms does, in numbers."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import (
    AddBabble,
    AddNoise,
    BandLimit,
    RandomGain,
    RandomShift,
    RoomReverberation,
    SpeedChange,
)

SAMPLES = 16_000


def augmented(layer, clips, lengths=None):
    return ops.convert_to_numpy(layer(clips, lengths=lengths, training=True))


def noise(random, batch=4, samples=SAMPLES):
    return (0.1 * random.normal(size=(batch, samples))).astype("float32")


def tone(hertz, samples=SAMPLES):
    return np.sin(2 * np.pi * hertz * np.arange(samples) / 16_000).astype("float32")[None]


def decibels(ratio):
    return 10 * np.log10(ratio)


@pytest.mark.parametrize("layer_class", [AddNoise, AddBabble])
def test_signal_to_noise_ratio_is_kept_over_the_real_samples(random, layer_class):
    clips = noise(random)
    lengths = np.array([16_000, 9_000, 4_000, 16_000])
    for clip, length in zip(clips, lengths, strict=True):
        clip[length:] = 0
    outputs = augmented(layer_class(snr_range=(7, 7), probability=1.0, seed=0), clips, lengths)
    for clip, output, length in zip(clips, outputs, lengths, strict=True):
        added = (output - clip)[:length]
        assert decibels((clip[:length] ** 2).mean() / (added**2).mean()) == pytest.approx(7.0, abs=0.01)


def test_ratios_are_drawn_within_the_range(random):
    clips = noise(random, 200, 400)
    outputs = augmented(AddNoise(snr_range=(0, 20), probability=1.0, seed=0), clips)
    ratios = decibels((clips**2).mean(axis=1) / ((outputs - clips) ** 2).mean(axis=1))
    assert ratios.min() == pytest.approx(0.0, abs=1.0)
    assert ratios.max() == pytest.approx(20.0, abs=1.0)


@pytest.mark.parametrize("tilt", [0.0, 1.0, 2.0])
def test_noise_falls_with_frequency_as_it_should(random, tilt):
    clips = noise(random, 20)
    added = augmented(AddNoise(tilt_range=(tilt, tilt), probability=1.0, seed=0), clips) - clips
    power = (np.abs(np.fft.rfft(added)) ** 2).mean(axis=0)
    low, high = power[200:400].mean(), power[3_200:6_400].mean()
    assert decibels(low / high) == pytest.approx(tilt * decibels(16), abs=1.0)


def test_noise_is_normally_distributed_and_differs_from_item_to_item(random):
    clips = noise(random)
    added = augmented(AddNoise(tilt_range=(0, 0), probability=1.0, seed=0), clips) - clips
    added /= added.std(axis=1, keepdims=True)
    np.testing.assert_allclose((added**4).mean(axis=1), 3.0, atol=0.2)
    assert np.abs(np.corrcoef(added) - np.eye(4)).max() < 0.05


def test_silence_stays_silent():
    silence = np.zeros((3, 800), "float32")
    for layer_class in (AddNoise, AddBabble, RoomReverberation):
        assert (augmented(layer_class(probability=1.0), silence) == 0).all()


def test_babble_is_made_of_other_items():
    clips = np.concatenate([tone(hertz) for hertz in (500, 1_000, 2_000)])
    added = augmented(AddBabble(num_voices=2, probability=1.0, seed=0), clips) - clips
    spectrum = np.abs(np.fft.rfft(added))[:, [500, 1_000, 2_000]]
    assert (np.diag(spectrum) < 1e-3 * spectrum.max(axis=1)).all()
    assert (spectrum.max(axis=1) > 0).all()


def test_level_stays_in_a_room(random):
    clips = noise(random)
    outputs = augmented(RoomReverberation(probability=1.0, seed=0), clips)
    np.testing.assert_allclose((outputs**2).mean(axis=1), (clips**2).mean(axis=1), rtol=1e-4)


def test_room_response_is_a_direct_sound_and_a_decaying_tail():
    click = np.zeros((200, SAMPLES), "float32")
    click[:, 100] = 1.0
    layer = RoomReverberation(
        reverberation_time_range=(0.3, 0.3), direct_ratio_range=(5, 5), delay_seconds=0.01, probability=1.0, seed=0
    )
    responses = augmented(layer, click)
    responses /= responses[:, 100:101]
    assert np.abs(responses[:, :100]).max() < 1e-5, "nothing comes before the direct sound"
    assert np.abs(responses[:, 101:260]).max() < 1e-5, "nor before the first reflection"
    tail = responses[:, 101:]
    np.testing.assert_allclose(decibels((tail**2).sum(axis=1)), -5.0, atol=0.01)
    power = (tail**2).mean(axis=0)
    early, late = power[480:1_280].mean(), power[480 + 2_400 : 1_280 + 2_400].mean()
    assert decibels(early / late) == pytest.approx(30.0, abs=1.0), "60 dB in .3 s are 30 dB in .15 s"


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_speed_moves_the_pitch(factor):
    outputs = augmented(SpeedChange(factor_range=(factor, factor), probability=1.0), tone(1_000))[0]
    end = int(SAMPLES / max(factor, 1.0)) - 2
    np.testing.assert_allclose(outputs[:end], tone(1_000 * factor)[0, :end], atol=0.02)


def test_faster_items_begin_again_within_their_length():
    ramp = np.arange(8, dtype="float32")[None]
    outputs = augmented(SpeedChange(factor_range=(2, 2), probability=1.0), ramp, np.array([6]))
    assert outputs.tolist() == [[0, 2, 4, 0, 2, 4, 0, 0]]


def test_speed_of_one_changes_nothing(random):
    clips = noise(random)
    np.testing.assert_allclose(augmented(SpeedChange(factor_range=(1, 1), probability=1.0), clips), clips, atol=1e-6)


def test_gain_is_within_its_range(random):
    clips = noise(random, 300, 10)
    outputs = augmented(RandomGain(gain_range=(-6, 6), probability=1.0, seed=0), clips)
    gains = 20 * np.log10(outputs[:, 0] / clips[:, 0])
    np.testing.assert_allclose([gains.min(), gains.max()], [-6, 6], atol=0.3)


def test_shift_moves_both_ways_and_fills_with_zeros():
    clips = np.tile(np.arange(1, 41, dtype="float32"), (300, 1))
    outputs = augmented(RandomShift(max_seconds=0.5, sample_rate=20, probability=1.0, seed=0), clips)
    shifts = set()
    for output in outputs:
        shift = 20 - int(np.flatnonzero(output == 21)[0])
        shifts.add(shift)
        expected = np.zeros(40)
        expected[max(0, -shift) : 40 - max(0, shift)] = clips[0, max(0, shift) : 40 - max(0, -shift)]
        np.testing.assert_array_equal(output, expected)
    assert shifts == set(range(-10, 11))


@pytest.mark.parametrize(("hertz", "gain"), [(500, 1.0), (3_500, 1.0), (4_100, 0.0), (7_000, 0.0)])
def test_band_limit_passes_what_lies_below(hertz, gain):
    outputs = augmented(BandLimit(probability=1.0), tone(hertz))[0]
    np.testing.assert_allclose(np.abs(outputs[4_000:12_000]).max(), gain, atol=0.01)
