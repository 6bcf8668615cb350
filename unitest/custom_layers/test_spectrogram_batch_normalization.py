import numpy as np
from keras import ops

from comparators.custom_layers import SpectrogramBatchNormalization

LENGTHS = np.array([6, 2], "int32")


def test_statistics_are_of_the_real_frames_of_all_bands(random):
    planes = random.normal(size=(2, 6, 4, 3)).astype("float32")
    planes[1, 2:] = 1e3
    layer = SpectrogramBatchNormalization()
    outputs = ops.convert_to_numpy(layer(planes, lengths=LENGTHS, training=True))
    real = np.concatenate([planes[0].reshape(-1, 3), planes[1, :2].reshape(-1, 3)])
    expected = (planes[0] - real.mean(axis=0)) / np.sqrt(real.var(axis=0) + 1e-5)
    np.testing.assert_allclose(outputs[0], expected, atol=1e-5)
    moving_mean, moving_variance = (ops.convert_to_numpy(variable) for variable in layer.non_trainable_variables)
    np.testing.assert_allclose(moving_mean, 0.1 * real.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(moving_variance, 0.9 + 0.1 * real.var(axis=0), atol=1e-6)


def test_layer_keeps_the_rules_of_layers(check_layer, random):
    planes = random.normal(size=(2, 6, 4, 1)).astype("float32")
    check_layer(SpectrogramBatchNormalization(), planes, LENGTHS, output_shape=(2, 6, 4, 1))
