import numpy as np
import pytest
from keras import ops

from comparators.custom_layers.utterance_normalization import UtteranceNormalization

LENGTHS = np.array([12, 5, 1], "int32")


@pytest.mark.parametrize("variance", [False, True])
def test_layer_keeps_the_rules_of_layers(check_layer, random, variance):
    inputs = random.normal(size=(3, 12, 5)).astype("float32")
    check_layer(UtteranceNormalization(variance=variance), inputs, LENGTHS, output_shape=(3, 12, 5))


@pytest.mark.parametrize("variance", [False, True])
def test_values_are_those_of_the_real_frames(random, variance):
    inputs = random.normal(-5.0, 3.0, size=(3, 12, 5)).astype("float32")
    outputs = ops.convert_to_numpy(UtteranceNormalization(variance=variance)(inputs, lengths=LENGTHS))
    for item, output, length in zip(inputs, outputs, LENGTHS, strict=True):
        frames = item[:length] - item[:length].mean(axis=0)
        if variance:
            frames /= np.sqrt(frames.var(axis=0) + 1e-5)
        np.testing.assert_allclose(output[:length], frames, atol=1e-4)
        assert (output[length:] == 0).all()


def test_bad_epsilon_is_named():
    with pytest.raises(ValueError, match="epsilon=0"):
        UtteranceNormalization(epsilon=0)
