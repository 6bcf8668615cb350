"""Windows over the frames of a long recording, whose embeddings are averaged."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class FrameWindows:
    """Windows of equal length over the frames of a recording.

    A recording longer than one window is embedded as the mean of its windows, so that hours of sound need no more
    memory than seconds, and the network sees lengths that it was trained on.

    Args:
        length: frames in a window.
        hop: frames from one window to the next.
        min_coverage: the last window is dropped when less than this share of it is sound, unless it is the only one.
        pad: whether a window that reaches past the end is filled up with silence (as the GE2E authors' followers
            do), or ends with the recording.

    Example:
        >>> FrameWindows(length=160, hop=77).starts(400)
        [0, 77, 154, 231]
    """

    length: int
    hop: int
    min_coverage: float = 0.75
    pad: bool = False

    def __post_init__(self):
        if self.length < 1 or self.hop < 1:
            raise ValueError(
                f"`length` and `hop` must be at least 1 frame. Received: length={self.length}, hop={self.hop}"
            )
        if not 0 < self.min_coverage <= 1:
            raise ValueError(f"`min_coverage` must be in (0, 1]. Received: min_coverage={self.min_coverage}")

    def starts(self, duration: float) -> list[int]:
        """Returns the first frame of each window of a recording.

        Args:
            duration: length of the recording in frames, samples / hop_length, not rounded.
        """
        num_frames = math.floor(duration) + 1
        starts = list(range(0, max(1, num_frames - self.length + self.hop + 1), self.hop))
        while len(starts) > 1 and (duration - starts[-1]) / self.length < self.min_coverage:
            starts.pop()
        return starts
