"""Kaldi's log-mel filter bank in NumPy."""

import functools

import numpy as np
from scipy.fft import rfft

from comparators.acoustics.kaldi_mel import kaldi_mel_filterbank

PRE_EMPHASIS = 0.97
FLOOR = 2.0**-23  # the step of float32 at one
WINDOWS = ("hanning", "hamming", "povey")
_BLOCK_FRAMES = 4_096


def kaldi_fbank(
    samples: np.ndarray, sample_rate: int = 16_000, num_mels: int = 128, window: str = "hanning"
) -> np.ndarray:
    """Computes the features of AST and CAV-MAE: what Kaldi's `compute-fbank-feats` gives, in double precision.

    Windows of 25 ms every 10 ms that lie within the clip (Kaldi's `snip_edges`), without dither: the mean of a window
    is taken off, then 0.97 of the sample before; the natural logarithm of the power in triangular mel bands from 20 Hz
    on. The layer `KaldiFbank` does the same in float32, which shows in quiet bands (up to 0.01).

    Args:
        samples: `(samples,)` in [-1, 1]; the models take the mean of the clip off first.
        sample_rate: in Hz.
        num_mels: number of mel filters.
        window: `"hanning"`, `"hamming"` or `"povey"`, all symmetric.

    Returns:
        float32 `(frames, num_mels)` with `1 + (samples - 400) // 160` frames at 16 kHz. A clip shorter than a window is
        filled up with zeros to one frame.

    Raises:
        ValueError: an argument is out of its range, or `samples` has more than one axis.

    Example:
        >>> kaldi_fbank(np.zeros(16_000)).shape
        (98, 128)

    Reference:
        Povey et al. 2011, The Kaldi speech recognition toolkit.
    """
    samples = np.asarray(samples, np.float64)
    if samples.ndim != 1:
        raise ValueError(f"`samples` must have one axis, `(samples,)`. Received: shape={samples.shape}.")
    length, hop, fft_length = kaldi_lengths(sample_rate)
    weights, filters = kaldi_window(window, length), _filters(sample_rate, fft_length, num_mels)
    samples = np.pad(samples, (0, max(0, length - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    features = np.empty((len(frames), num_mels), np.float32)
    for first in range(0, len(frames), _BLOCK_FRAMES):
        block = frames[first : first + _BLOCK_FRAMES]
        block = block - block.mean(axis=1, keepdims=True)
        block = block - PRE_EMPHASIS * np.concatenate([block[:, :1], block[:, :-1]], axis=1)
        power = np.square(np.abs(rfft(block * weights, fft_length, axis=1)))
        features[first : first + _BLOCK_FRAMES] = np.log(np.maximum(power @ filters, FLOOR))
    return features


def kaldi_lengths(sample_rate: int) -> tuple[int, int, int]:
    """Returns the samples of a window (25 ms), of a hop (10 ms) and of the Fourier transform (a power of two).

    Example:
        >>> kaldi_lengths(16_000)
        (400, 160, 512)
    """
    if sample_rate < 100:
        raise ValueError(f"`sample_rate` must be at least 100. Received: sample_rate={sample_rate}.")
    length = int(sample_rate * 0.025)
    return length, int(sample_rate * 0.01), 2 ** (length - 1).bit_length()


def kaldi_window(window: str, length: int) -> np.ndarray:
    """Returns the weights of a window of Kaldi's, float64 `(length,)`.

    Example:
        >>> kaldi_window("hanning", 5)
        array([0. , 0.5, 1. , 0.5, 0. ])
    """
    if window not in WINDOWS:
        raise ValueError(f"`window` must be one of {', '.join(WINDOWS)}. Received: window={window!r}.")
    if window == "hamming":
        return np.hamming(length)
    return np.hanning(length) ** (0.85 if window == "povey" else 1.0)


@functools.cache
def _filters(*arguments) -> np.ndarray:
    return kaldi_mel_filterbank(*arguments)
