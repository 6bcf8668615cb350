"""Windows over a long recording."""

import numpy as np


def sliding_windows(num_samples: int, window_length: int, hop_length: int, min_coverage: float = 0.5) -> np.ndarray:
    """Places windows of one length over a recording.

    A last window that reaches past the end is kept when enough of it is sound; the only window of a short recording is
    always kept. It is for the caller to pad it.

    Args:
        num_samples: length of the recording (in samples, or in frames, as the other two).
        window_length: of each window.
        hop_length: from one start to the next.
        min_coverage: share of a window, above 0 and up to 1, that must lie within the recording.

    Returns:
        int64 `(windows,)`: the starts, from 0; none for an empty recording.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> sliding_windows(num_samples=10, window_length=4, hop_length=3, min_coverage=0.75)
        array([0, 3, 6])
        >>> sliding_windows(num_samples=12, window_length=4, hop_length=3, min_coverage=0.75)
        array([0, 3, 6, 9])
    """
    for name, value in {"window_length": window_length, "hop_length": hop_length}.items():
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    if num_samples < 0:
        raise ValueError(f"`num_samples` must not be negative. Received: num_samples={num_samples}.")
    if not 0 < min_coverage <= 1:
        raise ValueError(f"`min_coverage` must be above 0 and up to 1. Received: min_coverage={min_coverage}.")
    if num_samples == 0:
        return np.zeros(0, np.int64)
    # One window more for each hop past the first window, and none that begins where the one before ends the recording.
    past_first = max(0, -(-(num_samples - window_length) // hop_length))
    starts = np.arange(past_first + 1, dtype=np.int64) * hop_length
    enough = num_samples - starts >= min_coverage * window_length
    enough[0] = True
    return starts[enough]
