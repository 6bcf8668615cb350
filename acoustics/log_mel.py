"""Log-mel spectrograms in NumPy."""

import functools

import numpy as np
from scipy.fft import rfft
from scipy.signal import get_window

from comparators.acoustics.mel import mel_filterbank

_BLOCK_FRAMES = 4_096


def log_mel_spectrogram(
    samples: np.ndarray,
    sample_rate: int = 16_000,
    fft_length: int = 512,
    window_length: int = 400,
    hop_length: int = 160,
    num_mels: int = 80,
    min_frequency: float = 0.0,
    max_frequency: float | None = None,
    scale: str = "slaney",
    normalization: str | None = "slaney",
    power: float = 2.0,
    floor: float = 1e-6,
) -> np.ndarray:
    """Computes what the layer `LogMel` computes with the same arguments, for one waveform and without Keras.

    For caches of features and for pictures. Computed in blocks of frames, so that a long recording takes little memory.

    Args:
        samples: `(samples,)` in [-1, 1].
        sample_rate: in Hz.
        fft_length: length of the Fourier transform in samples, even.
        window_length: of the Hann window in samples, at most `fft_length`.
        hop_length: from one frame to the next, in samples.
        num_mels: number of mel filters.
        min_frequency: lower edge of the first filter, in Hz.
        max_frequency: upper edge of the last filter, in Hz; half the sample rate when None.
        scale: `"slaney"` or `"htk"`, see `mel_filterbank`.
        normalization: `"slaney"` (filters of unit area) or None (filters with a peak of one).
        power: exponent of the magnitudes: 2 for power, 1 for amplitude.
        floor: smallest mel value that is told from silence.

    Returns:
        float32 `(1 + samples // hop_length, num_mels)`: natural logarithm of `max(mel, floor)`.

    Raises:
        ValueError: an argument is out of its range, or `samples` has more than one axis.

    Example:
        >>> log_mel_spectrogram(np.zeros(16_000, "float32"), floor=1.0).shape
        (101, 80)
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1:
        raise ValueError(f"`samples` must have one axis, `(samples,)`. Received: shape={samples.shape}.")
    if fft_length < 2 or fft_length % 2 or not 1 <= window_length <= fft_length:
        raise ValueError(
            "`fft_length` must be even and `window_length` from 1 to `fft_length`. "
            f"Received: fft_length={fft_length}, window_length={window_length}."
        )
    for name, value in {"hop_length": hop_length, "power": power, "floor": floor}.items():
        if value <= 0:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    filters = _filters(sample_rate, fft_length, num_mels, min_frequency, max_frequency, scale, normalization)
    padded = np.pad(samples, fft_length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft_length)[::hop_length]
    mel = np.empty((1 + len(samples) // hop_length, num_mels), np.float32)
    for first in range(0, len(mel), _BLOCK_FRAMES):
        spectrum = rfft(frames[first : first + _BLOCK_FRAMES] * _window(window_length, fft_length), axis=1)
        energy = np.square(spectrum.real) + np.square(spectrum.imag)
        mel[first : first + _BLOCK_FRAMES] = (energy if power == 2 else energy ** (power / 2)) @ filters
    return np.log(np.maximum(mel, np.float32(floor)))


@functools.cache
def _filters(*arguments) -> np.ndarray:
    return mel_filterbank(*arguments)


@functools.cache
def _window(window_length: int, fft_length: int) -> np.ndarray:
    left = (fft_length - window_length) // 2
    window = get_window("hann", window_length).astype(np.float32)
    return np.pad(window, (left, fft_length - window_length - left))
