"""Positions: each value by the formula, and dimensions that make no sense."""

import math

import pytest

from comparators.custom_layers import sin_cos_positions


def test_each_value_by_the_formula():
    positions = sin_cos_positions((3, 5), 8)
    assert positions.shape == (15, 8)
    for row in range(3):
        for column in range(5):
            found = positions[row * 5 + column]
            for half, place in enumerate((column, row)):  # time (width) first, then frequency (height)
                for i in range(2):
                    angle = place * 10000 ** (-i / 2)
                    assert found[4 * half + i] == pytest.approx(math.sin(angle), abs=1e-6)
                    assert found[4 * half + 2 + i] == pytest.approx(math.cos(angle), abs=1e-6)


def test_dimension_that_four_does_not_divide():
    with pytest.raises(ValueError, match=r"`dim` must be a multiple of 4. Received: dim=6"):
        sin_cos_positions((2, 2), 6)
