import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import FrequencyWarp


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    inputs = random.normal(size=(4, 12, 10)).astype("float32")
    check_layer(FrequencyWarp(seed=0), inputs, output_shape=(4, 12, 10), training=True)
    outputs = check_layer(FrequencyWarp(seed=0), inputs, output_shape=(4, 12, 10))
    np.testing.assert_array_equal(outputs, inputs)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_bands_move_by_the_factor(random, factor):
    inputs = random.normal(size=(3, 5, 16)).astype("float32")
    outputs = ops.convert_to_numpy(FrequencyWarp((factor, factor))(inputs, training=True))
    bands = np.minimum(np.arange(16) * factor, 15)
    for item in range(3):
        for frame in range(5):
            expected = np.interp(bands, np.arange(16), inputs[item, frame])
            np.testing.assert_allclose(outputs[item, frame], expected, atol=1e-5)


def test_every_item_has_a_factor_of_its_own_within_the_range(random):
    ramp = np.broadcast_to(np.arange(50, dtype="float32"), (400, 1, 50))
    outputs = ops.convert_to_numpy(FrequencyWarp((0.8, 1.25), seed=1)(ramp, training=True))
    factors = outputs[:, 0, 10] / 10
    assert 0.8 <= factors.min() < 0.82
    assert 1.22 < factors.max() <= 1.25
    assert abs(np.log(factors).mean()) < 0.03


@pytest.mark.parametrize("wrong", [(0.0, 1.0), (1.2, 0.9), (-1.0, 1.0)])
def test_factors_must_be_positive_and_in_order(wrong):
    with pytest.raises(ValueError, match="`factor_range` must be positive"):
        FrequencyWarp(wrong)


def test_its_configuration_makes_the_same_layer():
    layer = FrequencyWarp((0.9, 1.1), seed=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
