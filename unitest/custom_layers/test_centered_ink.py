"""The ink of a drawing: centred, of one size, and what stays as it is."""

import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import CenteredInk


def drawing(top=8, left=10, height=6, width=4, size=(32, 40)):
    pixels = np.full((*size, 1), 255, "uint8")
    pixels[top : top + height, left : left + width] = 0
    return pixels


def moments(ink):
    """Centre of mass and spread of one picture `(height, width, 1)`, relative to its middle."""
    rows, columns = (
        index - (count - 1) / 2 for index, count in zip(np.indices(ink.shape[:2]), ink.shape, strict=False)
    )
    weights = ink[..., 0] / ink.sum()
    row, column = (weights * rows).sum(), (weights * columns).sum()
    return row, column, np.sqrt((weights * ((rows - row) ** 2 + (columns - column) ** 2)).sum())


def apply(layer, *pictures):
    return ops.convert_to_numpy(layer(np.stack(pictures)))


def test_layer(check_layer):
    check_layer(CenteredInk(spread=0.2), np.stack([drawing(), drawing(2, 3)]).astype("float32"))


def test_the_centre_of_mass_is_in_the_middle():
    for ink in apply(CenteredInk(), drawing(), drawing(1, 2), drawing(20, 30, 7, 5)):
        np.testing.assert_allclose(moments(ink)[:2], 0, atol=1e-3)


def test_place_does_not_count_and_ink_is_kept():
    first, second = apply(CenteredInk(), drawing(4, 5), drawing(11, 20))
    np.testing.assert_allclose(first, second, atol=1e-5)
    np.testing.assert_allclose(first.sum(), 24, rtol=1e-5)
    assert first.dtype == np.float32


def test_of_one_size():
    pictures = drawing(4, 5, 6, 6), drawing(8, 10, 10, 10)
    spreads = [moments(ink)[2] for ink in apply(CenteredInk(spread=0.1, max_scale=2.0), *pictures)]
    np.testing.assert_allclose(spreads, 3.2, rtol=0.1)


def test_size_changes_by_a_factor_at_most():
    (ink,) = apply(CenteredInk(spread=0.4, max_scale=1.5), drawing(8, 10, 6, 6))
    assert moments(ink)[2] == pytest.approx(1.5 * moments(255 - drawing(8, 10, 6, 6).astype(float))[2], rel=0.05)


@pytest.mark.parametrize("spread", [None, 0.24])
def test_without_ink_it_stays_empty(spread):
    np.testing.assert_array_equal(apply(CenteredInk(spread=spread), np.full((9, 9, 1), 255, "uint8")), 0)


def test_a_dot_is_centred():
    (ink,) = apply(CenteredInk(spread=0.24), drawing(0, 0, 1, 1, size=(9, 9)))
    assert ink[..., 0].argmax() == 4 * 9 + 4


def test_channels_are_moved_together():
    picture = np.repeat(drawing(), 3, axis=-1)
    picture[..., 1] = 255
    (ink,) = apply(CenteredInk(), picture)
    np.testing.assert_allclose(ink[..., 0], ink[..., 2])
    assert ink[..., 1].max() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"spread": 0}, "Received: spread=0"), ({"max_scale": 0.5}, "Received: max_scale=0.5")],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CenteredInk(**arguments)
