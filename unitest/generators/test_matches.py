"""Matches: aligned, by label, repeatable, and what is refused."""

import numpy as np
import pytest

from comparators.generators import ArrayItems, Matches


def numbers(count: int, offset: int = 0) -> ArrayItems:
    return ArrayItems(np.arange(count) + offset)


def all_rows(batches: Matches, epoch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    drawn = [batches.batch(epoch, index) for index in range(len(batches))]
    first, second = (np.concatenate([inputs[role] for inputs, _ in drawn]) for role in batches.items)
    return first, second, np.concatenate([codes for _, codes in drawn])


def test_aligned_rows_stay_together_and_come_once():
    batches = Matches({"a": numbers(10), "b": numbers(10, 100)}, 4)
    first, second, codes = all_rows(batches, 0)
    assert sorted(first) == list(range(10))
    np.testing.assert_array_equal(second, first + 100)
    np.testing.assert_array_equal(codes, first)
    assert codes.dtype == np.int32
    assert [len(batches.batch(0, i)[1]) for i in range(3)] == [4, 4, 2]


def test_a_last_row_alone_is_left_out():
    batches = Matches({"a": numbers(9), "b": numbers(9)}, 4)
    assert len(batches) == 2
    left = {tuple(set(range(9)) - set(all_rows(batches, epoch)[0].tolist())) for epoch in range(20)}
    assert len(left) > 3


def test_partners_are_of_the_label_and_drawn_anew():
    labels = {"a": list("xyzx"), "b": list("zyxxyz")}
    batches = Matches({"a": numbers(4), "b": numbers(6)}, 2, labels=labels, seed=3)
    seen = set()
    for epoch in range(30):
        first, second, codes = all_rows(batches, epoch)
        for i, j, code in zip(first, second, codes, strict=True):
            assert labels["a"][i] == labels["b"][j] == batches.label_names[code]
            seen.add((int(i), int(j)))
    assert len(seen) == 4 * 2
    np.testing.assert_array_equal(all_rows(batches, 5)[1], all_rows(batches, 5)[1])


def test_labels_of_one_role_keep_the_alignment():
    batches = Matches({"a": numbers(4), "b": numbers(4, 10)}, 2, labels={"a": ["p", "q", "p", "q"]})
    first, second, codes = all_rows(batches, 1)
    np.testing.assert_array_equal(second, first + 10)
    np.testing.assert_array_equal(codes, first % 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"items": {"a": numbers(4)}}, "`items` must be of two roles"),
        ({"batch_size": 1}, "`batch_size` must be at least 2"),
        ({"batch_size": 9}, "`batch_size`"),
        ({"items": {"a": numbers(4), "b": numbers(5)}}, "must be of one length"),
        ({"labels": {"b": [0, 1, 2, 3]}}, "`labels` must name 'a'"),
        ({"labels": {"c": [0, 1, 2, 3]}}, "`labels` must name 'a'"),
        ({"labels": {"a": list("xyzx"), "b": list("yyzz")}}, "none of x"),
        ({"labels": {"a": list("xxxx")}}, "There must be two labels, .* Received: x alone"),
        ({"items": {"a": numbers(1), "b": numbers(1)}}, "at least 2 items"),
        ({"labels": {"a": list("xyz")}}, "one entry for each of the 4 items"),
        ({"labels": {"a": ["x", None, "x", "y"]}}, "must have a label"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Matches(**{"items": {"a": numbers(4), "b": numbers(4)}, "batch_size": 2} | arguments)
