"""Positions of another grid: cut to the middle, stretched as PyTorch's bilinear resizing does."""

import numpy as np
import pytest

from comparators.models import adapt_positions


def test_official_cut():
    """As the official code: from `old // 2 - new // 2`."""
    positions = np.random.default_rng(0).normal(size=(1, 2 + 12 * 101, 4)).astype("float32")
    adapted = adapt_positions(positions, (12, 101), (12, 50), 2)
    np.testing.assert_array_equal(adapted[:, :2], positions[:, :2])
    expected = positions[0, 2:].reshape(12, 101, 4)[:, 50 - 25 : 50 + 25]
    np.testing.assert_array_equal(adapted[0, 2:].reshape(12, 50, 4), expected)


@pytest.mark.parametrize("new", [(24, 60), (30, 24), (25, 77)])
def test_stretching_is_bilinear(new):
    torch = pytest.importorskip("torch")
    grid = np.random.default_rng(0).normal(size=(24, 24, 3)).astype("float32")
    adapted = adapt_positions(grid.reshape(1, -1, 3), (24, 24), new)
    expected = torch.nn.functional.interpolate(torch.from_numpy(grid.transpose(2, 0, 1)[None]), new, mode="bilinear")
    np.testing.assert_allclose(adapted[0].reshape(*new, 3), expected[0].numpy().transpose(1, 2, 0), atol=1e-5)


def test_same_grid_changes_nothing():
    positions = np.random.default_rng(0).normal(size=(1, 1 + 6, 2)).astype("float32")
    np.testing.assert_array_equal(adapt_positions(positions, (2, 3), (2, 3), 1), positions)


def test_a_grid_of_another_count_is_refused():
    with pytest.raises(ValueError, match=r"a grid of 2 x 3 must be \(1, 7, dim\). Received: shape=\(1, 8, 2\)"):
        adapt_positions(np.zeros((1, 8, 2)), (2, 3), (2, 4), 1)
