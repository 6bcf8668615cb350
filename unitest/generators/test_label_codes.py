import numpy as np
import pandas as pd
import pytest

from comparators.generators.label_codes import check_one_label_each, label_codes


@pytest.mark.parametrize(
    "labels",
    [
        ["bob", "ann", "bob"],
        np.array(["bob", "ann", "bob"]),
        np.array(["bob", "ann", "bob"], object),
        pd.Series(["bob", "ann", "bob"], index=[7, 8, 9]),
        pd.Categorical(["bob", "ann", "bob"]),
        (7, 3, 7),
        np.array([7, 3, 7], np.uint8),
        pd.Series([7, 3, 7], dtype="Int64"),
        [7.0, 3.0, 7.0],
        [True, False, True],
    ],
    ids=str,
)
def test_codes_are_positions_among_the_sorted_names(labels):
    names, codes = label_codes(labels)
    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == np.int32
    assert names[codes].tolist() == list(labels)


@pytest.mark.parametrize("gap", [None, float("nan"), "", pd.NA, pd.NaT])
def test_gaps_among_strings_are_named(gap):
    with pytest.raises(
        ValueError, match=r"Every item must have a label. Received: 2 without, the first in rows 1, 3\."
    ):
        label_codes(["ann", gap, "bob", gap])


@pytest.mark.parametrize("labels", [[1, None, 2], [1.0, float("nan")], np.array([1.0, np.nan])])
def test_gaps_among_numbers_are_named(labels):
    with pytest.raises(ValueError, match=r"Received: 1 without, the first in row 1\. Fill them in or remove the rows"):
        label_codes(labels)


def test_names_that_look_like_gaps_are_names():
    assert label_codes(["nan", "None", "NA"])[0].tolist() == ["NA", "None", "nan"]


def test_strings_among_numbers():
    with pytest.raises(ValueError, match=r"all strings or all numbers. Received: 'ann' in row 2 and 3 in row 0\."):
        label_codes([3, 4, "ann"])


def test_one_hot_labels():
    with pytest.raises(
        ValueError, match=r"Received: shape \(3, 3\)\. For one-hot labels take `labels.argmax\(axis=1\)`"
    ):
        label_codes(np.eye(3))


@pytest.mark.parametrize("labels", [None, "ann", 3], ids=str)
def test_no_labels(labels):
    with pytest.raises(
        TypeError, match=r"one string or number for each item\. Received: .*\. Where nothing is labelled"
    ):
        label_codes(labels)
    with pytest.raises(TypeError, match=r"one string or number for each item"):
        check_one_label_each(labels, 6)
