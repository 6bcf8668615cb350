"""Masks: by injected noise, whole columns and rows, counts that rounding does not change, and one share for all."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import TokenMasking
from comparators.custom_layers.token_masking import take_tokens


def drawn(masking, batch=3):
    mask = masking(ops.zeros((batch, masking.count, 1)))
    return [ops.convert_to_numpy(part) for part in mask]


def test_the_smallest_numbers_stay(random):
    noise = random.uniform(size=(4, 6)).astype("float32")
    masking = TokenMasking((2, 3), ratio=0.5)
    visible, restore, hidden = (ops.convert_to_numpy(part) for part in masking(ops.zeros((4, 6, 1)), noise))
    for row in range(4):
        order = np.argsort(noise[row])
        assert visible[row].tolist() == order[:3].tolist()
        assert np.flatnonzero(hidden[row] == 0).tolist() == sorted(order[:3])
        assert order[restore[row]].tolist() == list(range(6))


@pytest.mark.parametrize(("mode", "axis"), [("time", 0), ("freq", 1)])
def test_whole_columns_or_rows(mode, axis):
    _, _, hidden = drawn(TokenMasking((4, 8), ratio=0.5, mode=mode, seed=0))
    whole = hidden.reshape(-1, 4, 8).all(axis=1 + axis).sum(axis=1)
    assert whole.tolist() == [4, 4, 4] if mode == "time" else whole.tolist() == [2, 2, 2]


def test_columns_and_rows_together():
    masking = TokenMasking((8, 64), ratio=0.75, mode="tf", seed=0)
    _, _, hidden = drawn(masking, batch=64)
    hidden = hidden.reshape(-1, 8, 64)
    assert (hidden.sum(axis=(1, 2)) == 384).all()
    # 33 of 64 columns and 4 of 8 rows cover 388 cells, of which 4 drawn ones stay.
    assert (hidden.all(axis=1).sum(axis=1) >= 33 - 4).all()
    places = np.argwhere(hidden == 0)[:, 1:]
    assert len(np.unique(places, axis=0)) > 400  # not always the same ones


@pytest.mark.parametrize(("count", "ratio", "kept"), [(10, 0.9, 1), (10, 0.7, 3), (512, 0.75, 128), (196, 0.75, 49)])
def test_counts_do_not_depend_on_rounding(count, ratio, kept):
    assert TokenMasking((1, count), ratio).kept == kept
    assert drawn(TokenMasking((1, count), ratio))[0].shape == (3, kept)


def test_draws_differ_from_row_to_row_and_from_call_to_call():
    masking = TokenMasking((4, 8), seed=1)
    first, second = drawn(masking)[2], drawn(masking)[2]
    assert (first[0] != first[1]).any()
    assert (first != second).any()
    np.testing.assert_array_equal(first, drawn(TokenMasking((4, 8), seed=1))[2])


def test_half_precision_draws_the_same():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = drawn(TokenMasking((4, 64), seed=1))[2]
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(half, drawn(TokenMasking((4, 64), seed=1))[2])


def test_tokens_are_taken(random):
    tokens, places = random.normal(size=(3, 7, 2)).astype("float32"), random.integers(0, 7, (3, 4))
    expected = np.take_along_axis(tokens, places[..., None], axis=1)
    np.testing.assert_array_equal(ops.convert_to_numpy(take_tokens(ops.convert_to_tensor(tokens), places)), expected)


def test_configuration():
    masking = TokenMasking((4, 8), 0.5, "time", seed=3)
    assert TokenMasking.from_config(masking.get_config()).get_config() == masking.get_config()


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`mode` must be one of .*Received: mode='both'"):
        TokenMasking((2, 2), mode="both")
    with pytest.raises(ValueError, match=r"`ratio` must be at least 0 and less than 1. Received: ratio=1"):
        TokenMasking((2, 2), ratio=1)
    with pytest.raises(ValueError, match=r"At least one token must stay. Received: ratio=0.9 of 4 tokens"):
        TokenMasking((2, 2), ratio=0.9)
    with pytest.raises(ValueError, match=r"Tokens must be of the grid \(2, 2\), 4 of them. Received: 5"):
        TokenMasking((2, 2))(ops.zeros((1, 5, 3)))
