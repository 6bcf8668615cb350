"""Where there is speech in a recording, by its energy over an adaptive noise floor."""

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

_FRAME_SECONDS = 0.01
_PRE_EMPHASIS = 0.97
_SILENCE_DB = -120.0


class SpeechDetector:
    """Finds speech as what stands out from the noise around it.

    The level of each 10 ms is compared with a noise floor: the lowest level, averaged over 50 ms, within
    `noise_window_seconds`. The threshold lies `sensitivity` of the way from the floor to the peak, and a run of frames
    over it counts as speech when it lasts; runs are then joined over short pauses and padded. Both the plain level and
    the one after pre-emphasis are looked at, and either is enough: rumble hides a word in the one, hiss in the other.
    A sound whose level hardly moves (a hum, a tone, steady noise, digital silence) holds no speech.

    It is meant for trimming and for refusing recordings without speech; it does not tell speech from other changing
    sounds.

    Args:
        sample_rate: in Hz.
        sensitivity: position of the threshold between noise floor (0) and peak (1), in dB; lower keeps more.
        max_margin_db: the threshold is never farther than this over the floor, whatever the peak.
        max_range_db: what is this far under the peak is never speech.
        min_level_db: frames under this level, in dB relative to full scale, are never speech.
        min_dynamics_db: a recording whose peak is not this far over its floor is steady and holds no speech.
        min_speech_seconds: shorter runs (clicks) are dropped.
        max_pause_seconds: shorter pauses within speech are kept.
        padding_seconds: kept before and after each run.
        noise_window_seconds: over which the noise floor is followed.

    Raises:
        ValueError: a parameter is out of its range.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16_000).astype("float32")
        >>> level = np.where((np.arange(16_000) > 6_000) & (np.arange(16_000) < 10_000), 0.1, 0.001)
        >>> SpeechDetector(padding_seconds=0.0).segments(noise * level)
        array([[ 5760, 10240]])
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        sensitivity: float = 0.3,
        max_margin_db: float = 15.0,
        max_range_db: float = 45.0,
        min_level_db: float = -80.0,
        min_dynamics_db: float = 4.0,
        min_speech_seconds: float = 0.05,
        max_pause_seconds: float = 0.3,
        padding_seconds: float = 0.1,
        noise_window_seconds: float = 10.0,
    ):
        if int(sample_rate) != sample_rate or sample_rate < 1000:
            raise ValueError(
                f"`sample_rate` must be an integer of at least 1000 Hz. Received: sample_rate={sample_rate}."
            )
        if not 0 < sensitivity < 1:
            raise ValueError(f"`sensitivity` must lie between 0 and 1. Received: sensitivity={sensitivity}.")
        for name, value in {
            "max_margin_db": max_margin_db,
            "max_range_db": max_range_db,
            "min_dynamics_db": min_dynamics_db,
            "min_speech_seconds": min_speech_seconds,
            "max_pause_seconds": max_pause_seconds,
            "padding_seconds": padding_seconds,
        }.items():
            if value < 0:
                raise ValueError(f"`{name}` must not be negative. Received: {name}={value}.")
        if noise_window_seconds <= 0:
            raise ValueError(
                f"`noise_window_seconds` must be positive. Received: noise_window_seconds={noise_window_seconds}."
            )
        self.sample_rate = int(sample_rate)
        self.sensitivity = sensitivity
        self.max_margin_db = max_margin_db
        self.max_range_db = max_range_db
        self.min_level_db = min_level_db
        self.min_dynamics_db = min_dynamics_db
        self.min_speech_seconds = min_speech_seconds
        self.max_pause_seconds = max_pause_seconds
        self.padding_seconds = padding_seconds
        self.noise_window_seconds = noise_window_seconds

    def segments(self, samples: np.ndarray) -> np.ndarray:
        """Finds the parts with speech.

        Args:
            samples: waveform `(samples,)` in [-1, 1].

        Returns:
            int64 `(segments, 2)`: first sample and one past the last of each part, in order, apart from each other.

        Raises:
            ValueError: `samples` has more than one axis.
        """
        return self._padded(self._speech_runs(samples), len(samples))

    def trim(self, samples: np.ndarray) -> np.ndarray:
        """Keeps the parts with speech, joined: `(samples,)`, empty where there is none."""
        return self.trim_and_measure(samples)[0]

    def speech_seconds(self, samples: np.ndarray) -> float:
        """Returns how long the parts with speech last together in seconds, without what is kept around them."""
        return self.trim_and_measure(samples)[1]

    def trim_and_measure(self, samples: np.ndarray) -> tuple[np.ndarray, float]:
        """Returns what `trim` and `speech_seconds` do, found in one go."""
        samples = np.asarray(samples)
        runs = self._speech_runs(samples)
        ranges = self._padded(runs, len(samples))
        parts = [samples[first:last] for first, last in ranges] or [samples[:0]]
        seconds = float((runs[:, 1] - runs[:, 0]).sum() * self._hop / self.sample_rate)
        return parts[0] if len(parts) == 1 else np.concatenate(parts), min(seconds, len(samples) / self.sample_rate)

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict) -> "SpeechDetector":
        """Builds a detector from what `get_config` returned."""
        return cls(**config)

    @property
    def _hop(self) -> int:
        return round(self.sample_rate * _FRAME_SECONDS)

    def _speech_runs(self, samples: np.ndarray) -> np.ndarray:
        """Returns the parts with speech, in frames, without padding."""
        samples = np.asarray(samples, dtype=np.float32)
        if samples.ndim != 1:
            raise ValueError(f"`samples` must have one axis, `(samples,)`. Received: shape={samples.shape}.")
        runs = _runs(self._is_speech(samples))
        runs = runs[runs[:, 1] - runs[:, 0] >= self._frames(self.min_speech_seconds)]
        return _join(runs, self._frames(self.max_pause_seconds))

    def _padded(self, runs: np.ndarray, num_samples: int) -> np.ndarray:
        padding = self._frames(self.padding_seconds)
        return np.clip(_join(runs + np.array([-padding, padding]), 0) * self._hop, 0, num_samples)

    def _frames(self, seconds: float) -> int:
        return round(seconds * self.sample_rate / self._hop)

    def _is_speech(self, samples: np.ndarray) -> np.ndarray:
        levels = _levels(samples, self._hop)
        if levels.shape[1] < max(1, self._frames(self.min_speech_seconds)):
            return np.zeros(0, bool)
        return np.logical_or.reduce([self._stands_out(level) for level in levels])

    def _stands_out(self, level: np.ndarray) -> np.ndarray:
        # The level that enough frames reach: a click does not raise it.
        rank = max(1, self._frames(self.min_speech_seconds))
        peak = np.partition(level, -rank)[-rank]
        smooth = uniform_filter1d(level, 5, mode="nearest")
        if peak < self.min_level_db or peak - smooth.min() < self.min_dynamics_db:
            return np.zeros(len(level), bool)
        floor = minimum_filter1d(smooth, max(1, self._frames(self.noise_window_seconds)), mode="nearest")
        floor = np.maximum(floor, peak - self.max_range_db)
        margin = np.minimum(self.sensitivity * (peak - floor), self.max_margin_db)
        steady_level = np.maximum(level, uniform_filter1d(level, 3, mode="nearest"))
        return steady_level > np.maximum(floor + margin, self.min_level_db)


def _levels(samples: np.ndarray, hop: int) -> np.ndarray:
    """Returns the plain and the pre-emphasised level in dB, `(2, frames)`; what remains at the end is a frame too."""
    whole = len(samples) // hop
    levels = _frame_levels(samples[: whole * hop].reshape(whole, hop))
    if len(samples) > whole * hop and whole:
        levels = np.append(levels, _frame_levels(samples[None, -hop:]), axis=1)
    return levels


def _frame_levels(frames: np.ndarray) -> np.ndarray:
    now, before = frames[:, 1:], frames[:, :-1]
    plain = np.einsum("ij,ij->i", now, now)
    # The power of x[t] - a x[t - 1], multiplied out: no second copy of a long recording is made.
    emphasised = plain + _PRE_EMPHASIS**2 * np.einsum("ij,ij->i", before, before)
    emphasised -= 2 * _PRE_EMPHASIS * np.einsum("ij,ij->i", now, before)
    power = np.stack([plain, emphasised]) / now.shape[1]
    return 10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10)))


def _runs(mask: np.ndarray) -> np.ndarray:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2)


def _join(runs: np.ndarray, pause: int) -> np.ndarray:
    """Joins runs that are `pause` frames apart or less."""
    if len(runs) < 2:
        return runs
    apart = runs[1:, 0] - runs[:-1, 1] > pause
    return np.stack([runs[np.append(True, apart), 0], runs[np.append(apart, True), 1]], axis=1)
