"""The mel filters of Kaldi."""

import numpy as np

from comparators.acoustics.mel import highest_frequency, hz_to_mel


def kaldi_mel_filterbank(
    sample_rate: int = 16_000,
    fft_length: int = 512,
    num_mels: int = 128,
    min_frequency: float = 20.0,
    max_frequency: float | None = None,
) -> np.ndarray:
    """Builds filters that are triangles over the mel scale itself, `1127 ln(1 + f / 700)`, with peaks of one.

    `mel_filterbank` has triangles over the frequency in Hz, which differ. The last bin, half the sample rate, has no
    weight.

    Args:
        sample_rate: in Hz.
        fft_length: length of the Fourier transform in samples.
        num_mels: number of filters.
        min_frequency: lower edge of the first filter, in Hz.
        max_frequency: upper edge of the last filter, in Hz; half the sample rate when None.

    Returns:
        float64 `(1 + fft_length // 2, num_mels)`. With more filters than the transform can tell apart, the narrowest
        are all zero.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> kaldi_mel_filterbank(num_mels=80).shape
        (257, 80)

    Reference:
        Povey et al. 2011, The Kaldi speech recognition toolkit.
    """
    highest = highest_frequency(sample_rate, fft_length, num_mels, min_frequency, max_frequency)
    # HTK's scale is Kaldi's but for a factor, which the shares of the triangles do not have.
    edges = np.linspace(hz_to_mel(min_frequency, "htk"), hz_to_mel(highest, "htk"), num_mels + 2)
    bins = hz_to_mel(np.arange(1 + fft_length // 2) * sample_rate / fft_length, "htk")[:, None]
    step = edges[1] - edges[0]
    filters = np.maximum(0.0, np.minimum(bins - edges[:-2], edges[2:] - bins) / step)
    filters[-1] = 0.0
    return filters
