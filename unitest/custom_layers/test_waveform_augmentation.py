"""What holds for every augmentation of waveforms."""

import keras
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
    WaveformAugmentation,
)
from comparators.custom_layers.waveform_augmentation import fast_fft_length

LAYERS = [AddBabble, AddNoise, BandLimit, RandomGain, RandomShift, RoomReverberation, SpeedChange]
LENGTHS = np.array([1_600, 1_000, 1, 0, 1_600], "int32")

each_layer = pytest.mark.parametrize("layer_class", LAYERS, ids=lambda layer_class: layer_class.__name__)


def waveforms(random, batch=5, samples=1_600):
    return (0.1 * random.normal(size=(batch, samples))).astype("float32")


@each_layer
def test_layer_keeps_the_rules_of_layers(check_layer, random, layer_class):
    clips = waveforms(random)
    check_layer(layer_class(probability=0.5, seed=0), clips, LENGTHS, output_shape=(5, 1_600), training=True)
    outputs = check_layer(layer_class(seed=0), clips, LENGTHS, output_shape=(5, 1_600))
    for clip, output, length in zip(clips, outputs, LENGTHS, strict=True):
        np.testing.assert_array_equal(output[:length], clip[:length], "nothing changes outside of training")


@each_layer
@pytest.mark.parametrize("probability", [0.4, 1.0])
def test_padding_stays_zero(random, layer_class, probability):
    layer = layer_class(probability=probability, seed=0)
    outputs = ops.convert_to_numpy(layer(waveforms(random), lengths=LENGTHS, training=True))
    for output, length in zip(outputs, LENGTHS, strict=True):
        assert (output[length:] == 0).all()
    assert np.isfinite(outputs).all()
    assert outputs.dtype == "float32"


@each_layer
def test_each_item_is_changed_with_the_probability(random, layer_class):
    clips = waveforms(random, 64, 256)
    layer = layer_class(probability=0.3, seed=0)
    changed = [(ops.convert_to_numpy(layer(clips, training=True)) != clips).any(axis=1).mean() for _ in range(6)]
    assert 0.2 < np.mean(changed) < 0.4
    assert (ops.convert_to_numpy(layer_class(probability=0.0)(clips, training=True)) == clips).all()


@each_layer
def test_draws_are_seeded_and_go_on(random, layer_class):
    clips = waveforms(random)
    layers = [layer_class(probability=1.0, seed=seed) for seed in (5, 5, 6)]
    first, again, other = (ops.convert_to_numpy(layer(clips, training=True)) for layer in layers)
    np.testing.assert_array_equal(first, again)
    if layer_class is not BandLimit:  # which draws nothing but who is changed
        assert (first != other).any()
        assert (first != ops.convert_to_numpy(layers[0](clips, training=True))).any()


@each_layer
def test_it_runs_in_a_training_with_unknown_lengths(random, layer_class):
    inputs = keras.Input((None,))
    layer = layer_class(probability=0.5, seed=0)
    features = ops.mean(ops.square(layer(inputs)), axis=1, keepdims=True)
    model = keras.Model(inputs, keras.layers.Dense(1)(features))
    model.compile("sgd", "mse")
    for samples in (300, 301):
        model.train_on_batch(waveforms(random, 6, samples), np.zeros((6, 1), "float32"))


@each_layer
def test_a_single_item_and_empty_clips_are_no_special_cases(random, layer_class):
    for samples in (1, 0):
        outputs = layer_class(probability=1.0, seed=0)(waveforms(random, 1, samples), training=True)
        assert tuple(outputs.shape) == (1, samples)


@each_layer
def test_bad_probability_is_named(layer_class):
    with pytest.raises(ValueError, match=r"`probability` must lie between 0 and 1. Received: probability=1.5"):
        layer_class(probability=1.5)


@pytest.mark.parametrize(
    ("layer_class", "arguments", "message"),
    [
        (AddNoise, {"snr_range": (20, 5)}, r"`snr_range` must be two numbers, the lower one first.*\(20, 5\)"),
        (AddNoise, {"tilt_range": (1,)}, "tilt_range"),
        (AddBabble, {"num_voices": 0}, "num_voices=0"),
        (BandLimit, {"cutoff_frequency": 9_000.0}, "cutoff_frequency=9000.0"),
        (RandomShift, {"max_seconds": 0.0}, "max_seconds=0.0"),
        (RoomReverberation, {"delay_seconds": 0.2}, "delay_seconds=0.2"),
        (SpeedChange, {"factor_range": (0.0, 1.0)}, "must be positive"),
        (RandomGain, {"gain_range": (3, -3)}, "gain_range"),
    ],
)
def test_bad_arguments_are_named(layer_class, arguments, message):
    with pytest.raises(ValueError, match=message):
        layer_class(**arguments)


def test_the_base_changes_nothing_by_itself():
    with pytest.raises(NotImplementedError, match=r"must implement `augment\(waveforms, lengths\)`"):
        WaveformAugmentation(probability=1.0)(np.ones((1, 4), "float32"), training=True)


@pytest.mark.parametrize("num_samples", [1, 2, 31_999, 65_536, 65_537, 1_048_577])
def test_fast_length_is_never_too_short(num_samples):
    assert num_samples <= fast_fft_length(num_samples) < 1.1 * num_samples + 16
    dynamic = int(fast_fft_length(ops.convert_to_tensor(num_samples, dtype="int32")))
    assert num_samples <= dynamic <= max(4 * num_samples, 32)
    assert dynamic & (dynamic - 1) == 0
