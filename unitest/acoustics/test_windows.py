import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparators.acoustics import sliding_windows


@given(st.integers(1, 500), st.integers(1, 60), st.integers(1, 60), st.floats(0.01, 1))
def test_against_a_plain_loop(num_samples, window, hop, min_coverage):
    expected, start = [], 0
    while True:
        inside = min(num_samples, start + window) - start
        if start == 0 or inside >= min_coverage * window:
            expected.append(start)
        if start + window >= num_samples:
            break
        start += hop
        if start >= num_samples:
            break
    assert sliding_windows(num_samples, window, hop, min_coverage).tolist() == expected


@given(st.integers(1, 500), st.integers(1, 60), st.integers(1, 60))
def test_covers_everything_when_any_rest_counts(num_samples, window, hop):
    starts = sliding_windows(num_samples, window, min(hop, window), min_coverage=1e-9)
    covered = np.zeros(num_samples, bool)
    for start in starts:
        covered[start : start + window] = True
    assert covered.all()


def test_nothing_has_no_window():
    assert sliding_windows(0, 10, 5).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 0, 1), "`window_length` must be positive. Received: window_length=0"),
        ((10, 1, 0), "`hop_length` must be positive. Received: hop_length=0"),
        ((-1, 1, 1), "`num_samples` must not be negative. Received: num_samples=-1"),
        ((10, 1, 1, 0.0), "`min_coverage` must be above 0 and up to 1. Received: min_coverage=0.0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        sliding_windows(*arguments)
