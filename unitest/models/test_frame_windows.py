import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparators.models.frame_windows import FrameWindows


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0, 5000))
def test_windows_cover_the_recording_up_to_the_coverage_asked_for(length, hop, duration):
    windows = FrameWindows(length, hop, min_coverage=0.5)
    starts = windows.starts(duration)
    assert starts[0] == 0
    assert all(b - a == hop for a, b in itertools.pairwise(starts))
    assert len(starts) == 1 or (duration - starts[-1]) / length >= 0.5
    assert starts[-1] + length + hop > duration - 0.5 * length


def test_a_short_recording_has_one_window():
    assert FrameWindows(160, 77).starts(12.5) == [0]


@pytest.mark.parametrize(
    ("arguments", "message"), [((0, 1), "length=0"), ((1, 0), "hop=0"), ((1, 1, 0.0), "min_coverage=0")]
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        FrameWindows(*arguments)
