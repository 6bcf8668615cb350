"""Seen labels are told from unseen ones, and a mistake in them is named."""

import numpy as np
import pytest

from comparators.callbacks.seen_labels import is_seen


def test_strings_and_integers():
    assert is_seen(np.array(["b", "a", "b"]), {"b", "z"}).tolist() == [True, False, True]
    assert is_seen(np.array(["b", "a", "b"], object), ["a"]).tolist() == [False, True, False]
    assert is_seen(np.array([3, 1, 2], np.uint8), range(2, 9)).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (["7"], r"Received: none of them; seen=\['7'\], labels=\[1, 2, 7\]. Write them as in `labels`."),
        ([8, 9], r"Received: none of them; seen=\[8, 9\], labels"),
        ([], r"Received: none of them; seen=\[\]"),
        (range(9), r"Received: all of them; seen=\[0, 1, 2, 3, 4, ...\].*Leave `seen` out."),
    ],
)
def test_none_or_all(seen, message):
    with pytest.raises(ValueError, match=message):
        is_seen(np.array([1, 2, 7, 1]), seen)
