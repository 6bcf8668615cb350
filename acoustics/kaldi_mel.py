"""The mel filters of Kaldi."""

import numpy as np


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
    for name, value in {"sample_rate": sample_rate, "fft_length": fft_length, "num_mels": num_mels}.items():
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    highest = sample_rate / 2 if max_frequency is None else max_frequency
    if not 0 <= min_frequency < highest <= sample_rate / 2:
        raise ValueError(
            "The filters need 0 <= `min_frequency` < `max_frequency` <= `sample_rate` / 2. Received: "
            f"min_frequency={min_frequency}, max_frequency={max_frequency}, sample_rate={sample_rate}."
        )
    edges = np.linspace(_mel(min_frequency), _mel(highest), num_mels + 2)
    bins = _mel(np.arange(1 + fft_length // 2) * sample_rate / fft_length)[:, None]
    step = edges[1] - edges[0]
    filters = np.maximum(0.0, np.minimum(bins - edges[:-2], edges[2:] - bins) / step)
    filters[-1] = 0.0
    return filters


def _mel(frequencies: float | np.ndarray) -> np.ndarray:
    return 1127.0 * np.log1p(np.asarray(frequencies) / 700.0)
