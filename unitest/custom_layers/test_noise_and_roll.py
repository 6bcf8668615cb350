import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import NoiseAndRoll


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    inputs = random.normal(size=(4, 20, 6)).astype("float32")
    check_layer(NoiseAndRoll(seed=0), inputs, output_shape=(4, 20, 6), training=True)
    np.testing.assert_array_equal(check_layer(NoiseAndRoll(seed=0), inputs, output_shape=(4, 20, 6)), inputs)


def test_every_clip_is_rolled_by_a_shift_of_its_own(random):
    inputs = random.normal(size=(400, 7, 3)).astype("float32")
    outputs = ops.convert_to_numpy(NoiseAndRoll(noise=0.0, seed=1)(inputs, training=True))
    shifts = []
    for item, output in zip(inputs, outputs, strict=True):
        shifts += [shift for shift in range(7) if np.array_equal(np.roll(item, shift, axis=0), output)]
    assert len(shifts) == 400
    assert (np.bincount(shifts, minlength=7) > 400 / 7 / 2).all(), "each shift about as often"


def test_noise_has_a_level_for_each_clip():
    noise = ops.convert_to_numpy(NoiseAndRoll(roll=False, seed=2)(np.zeros((500, 30, 30), "float32"), training=True))
    assert noise.min() >= 0
    levels = noise.max(axis=(1, 2))
    assert 0.09 < levels.max() <= 0.1
    np.testing.assert_allclose(np.quantile(levels, [0.25, 0.5, 0.75]), [0.025, 0.05, 0.075], atol=0.01)
    np.testing.assert_allclose(noise.mean(axis=(1, 2)), levels / 2, atol=0.005)


def test_noise_must_not_be_negative():
    with pytest.raises(ValueError, match="`noise` must not be negative"):
        NoiseAndRoll(noise=-0.1)
