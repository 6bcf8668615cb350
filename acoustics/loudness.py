"""The level of a recording."""

import numpy as np


def scale_to_dbfs(samples: np.ndarray, target: float, only_up: bool = False) -> np.ndarray:
    """Scales a waveform so that its root mean square has a given level.

    Args:
        samples: `(samples,)` in [-1, 1].
        target: level in dB relative to full scale (an RMS of 1 is 0 dBFS), such as -30.
        only_up: leaves a louder waveform as it is.

    Returns:
        float32 `(samples,)`. Silence stays silence. Peaks may leave [-1, 1]: nothing is clipped.

    Example:
        >>> scale_to_dbfs(np.full(4, 0.01, "float32"), target=-20.0).round(3)
        array([0.1, 0.1, 0.1, 0.1], dtype=float32)
    """
    samples = np.asarray(samples, np.float32)
    power = np.mean(np.square(samples, dtype=np.float64)) if samples.size else 0.0
    if power == 0 or (only_up and power > 10 ** (target / 10)):
        return samples
    return samples * np.float32(np.sqrt(10 ** (target / 10) / power))
