import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.masked_batch_normalization import MaskedBatchNormalization

LENGTHS = np.array([9, 4, 1], "int32")


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    inputs = random.normal(size=(3, 9, 5)).astype("float32")
    check_layer(MaskedBatchNormalization(), inputs, LENGTHS, output_shape=(3, 9, 5))


def test_statistics_are_those_of_the_real_frames(random):
    inputs = random.normal(2.0, 3.0, size=(3, 9, 5)).astype("float32")
    layer = MaskedBatchNormalization(momentum=0.9, epsilon=1e-3)
    outputs = ops.convert_to_numpy(layer(inputs, lengths=LENGTHS, training=True))
    frames = np.concatenate([item[:length] for item, length in zip(inputs, LENGTHS, strict=True)])
    mean, variance = frames.mean(axis=0), frames.var(axis=0)
    for item, output, length in zip(inputs, outputs, LENGTHS, strict=True):
        expected = (item[:length] - mean) / np.sqrt(variance + 1e-3)
        np.testing.assert_allclose(output[:length], expected, atol=1e-4)
    moving = layer.normalization
    np.testing.assert_allclose(ops.convert_to_numpy(moving.moving_mean), 0.1 * mean, rtol=1e-4)
    np.testing.assert_allclose(ops.convert_to_numpy(moving.moving_variance), 0.9 + 0.1 * variance, rtol=1e-4)


def test_what_stands_in_the_padding_changes_nothing(random):
    inputs = random.normal(size=(3, 9, 5)).astype("float32")
    spoilt = inputs.copy()
    for item, length in zip(spoilt, LENGTHS, strict=True):
        item[length:] = 1e3
    outputs = [
        ops.convert_to_numpy(MaskedBatchNormalization()(frames, lengths=LENGTHS, training=True))
        for frames in (inputs, spoilt)
    ]
    for item, length in enumerate(LENGTHS):
        np.testing.assert_allclose(outputs[0][item, :length], outputs[1][item, :length], atol=1e-5)


def test_vectors_are_normalized_without_lengths(random):
    inputs = random.normal(2.0, 3.0, size=(50, 4)).astype("float32")
    outputs = ops.convert_to_numpy(MaskedBatchNormalization(epsilon=1e-6)(inputs, training=True))
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0, atol=1e-4)


@pytest.mark.parametrize(("arguments", "message"), [({"momentum": 1.0}, "momentum=1.0"), ({"epsilon": 0}, "epsilon=0")])
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        MaskedBatchNormalization(**arguments)


def test_a_single_channel_is_no_special_case(random):
    inputs = random.normal(2.0, 3.0, size=(3, 9, 1)).astype("float32")
    outputs = ops.convert_to_numpy(MaskedBatchNormalization(epsilon=1e-6)(inputs, lengths=LENGTHS, training=True))
    frames = np.concatenate([item[:length] for item, length in zip(outputs, LENGTHS, strict=True)])
    np.testing.assert_allclose([frames.mean(), frames.std()], [0.0, 1.0], atol=1e-4)


def test_a_frozen_layer_follows_nothing(random):
    inputs = random.normal(2.0, 3.0, size=(3, 9, 5)).astype("float32")
    layer = MaskedBatchNormalization()
    layer.trainable = False
    outputs = ops.convert_to_numpy(layer(inputs, lengths=LENGTHS, training=True))
    np.testing.assert_allclose(outputs, inputs / np.sqrt(1.0 + 1e-3), rtol=1e-5)
    assert (ops.convert_to_numpy(layer.normalization.moving_mean) == 0).all()


def test_moving_statistics_are_float32_under_half_precision(random):
    inputs = random.normal(1.0, 1.0, size=(8, 9, 5)).astype("float32")
    layers = [MaskedBatchNormalization(), MaskedBatchNormalization(dtype="mixed_bfloat16")]
    for layer in layers:
        for _ in range(20):
            layer(inputs, lengths=np.full(8, 9), training=True)
    full, half = (ops.convert_to_numpy(layer.normalization.moving_mean) for layer in layers)
    np.testing.assert_allclose(half, full, rtol=0.02)
    assert half.dtype == "float32"
