import numpy as np
import pandas as pd
import pytest

from comparators.recognition.labels import check_labels


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (["a", "b"], "U"),
        (np.array(["a", "b"], dtype=object), "U"),
        (pd.Series(["a", "b"]), "U"),
        ([1, -2], "i"),
        (np.array([1, 2], dtype=object), "i"),
        (np.array([1, 2], dtype=np.uint8), "u"),
        ([1.0, 2.0], "i"),
        ([], "U"),
    ],
)
def test_strings_and_whole_numbers_are_taken(labels, kind):
    checked = check_labels(labels)
    assert checked.dtype.kind == kind
    assert checked.tolist() == list(labels)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (["a", ""], ValueError, "must not be empty. Received: '' for item 1"),
        (["a", "  "], ValueError, "must not be empty. Received: '  ' for item 1"),
        (["a", None], ValueError, "must not be missing. Received: None for item 1"),
        (pd.Series(["a", np.nan]), ValueError, "must not be missing. Received: nan for item 1"),
        ([1, np.nan], ValueError, "must not be missing. Received: nan for item 1"),
        (np.array([1, np.nan]), ValueError, "string or a whole number. Received: nan for item 1"),
        ([1, 1.5], ValueError, "string or a whole number. Received: 1.5 for item 1"),
        (np.array(["a", 1], dtype=object), TypeError, "all strings or all whole numbers. Received: int, str"),
        ([True, False], TypeError, "all strings or all whole numbers. Received: bool"),
        ([["a"]], ValueError, "must be one for each of the 2 items"),
        (["a"], ValueError, "must be one for each of the 2 items"),
    ],
)
def test_messages(labels, error, message):
    with pytest.raises(error, match=message):
        check_labels(labels, 2)
