"""Statistics by level: against loops over items and levels, lengths, clips shorter than the levels, errors."""

import re

import numpy as np
import pytest
from keras import ops
from scipy.fft import dct

from comparators.custom_layers import LevelStatistics


@pytest.fixture
def frames():
    return np.random.default_rng(0).normal(size=(4, 22, 6)).astype("float32")


def expected_statistics(frames, num_levels, num_cepstra, epsilon):
    order = np.argsort(frames.mean(axis=1), kind="stable")
    parts = np.arange(len(frames)) * num_levels // len(frames)
    means = [frames[order[parts == part]].mean(axis=0) for part in range(num_levels)]
    values = np.concatenate([frames, dct(frames, norm="ortho", axis=1)[:, :num_cepstra]], axis=1)
    spread = [np.sqrt(np.maximum(part.var(axis=0), epsilon)) for part in (values, np.diff(values, axis=0))]
    return np.concatenate([*means, *spread])


def test_layer(check_layer, frames):
    lengths = np.array([22, 13, 2, 1], "int32")
    check_layer(LevelStatistics(num_levels=3, num_cepstra=4), frames, lengths, output_shape=(4, 38))


def test_against_loops(frames):
    layer = LevelStatistics(num_levels=3, num_cepstra=4)
    lengths = np.array([22, 13, 9, 3], "int32")
    statistics = ops.convert_to_numpy(layer(frames, lengths=lengths))
    for row, item, length in zip(statistics, frames, lengths, strict=True):
        np.testing.assert_allclose(row, expected_statistics(item[:length], 3, 4, layer.epsilon), atol=1e-4)


def test_level_without_frames():
    frames = np.array([[[1.0, 3.0]]], "float32")
    means = ops.convert_to_numpy(LevelStatistics(num_levels=4)(frames))[0, :8].reshape(4, 2)
    np.testing.assert_allclose(means, np.repeat([[1.0, 3.0]], 4, axis=0), atol=1e-5)


def test_bad_argument():
    with pytest.raises(ValueError, match=re.escape("`num_levels` must be positive. Received: num_levels=0.")):
        LevelStatistics(num_levels=0)
