"""The mel scale and the triangular filters that carry a spectrum onto it."""

import numpy as np

_SLANEY_BREAK_HZ = 1000.0  # Slaney's Auditory Toolbox: linear below, logarithmic above
_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_LOG_STEP = np.log(6.4) / 27.0


def _require_scale(scale: str) -> None:
    if scale not in ("slaney", "htk"):
        raise ValueError(f"`scale` must be 'slaney' or 'htk'. Received: scale={scale!r}.")


def hz_to_mel(frequencies: float | np.ndarray, scale: str = "slaney") -> np.ndarray:
    """Converts frequencies to mels.

    Args:
        frequencies: in Hz, of any shape.
        scale: `"slaney"` (linear below 1 kHz, logarithmic above) or `"htk"` (`2595 log10(1 + f / 700)`).

    Returns:
        Mels, float64, of the same shape.

    Raises:
        ValueError: `scale` is unknown.

    Example:
        >>> hz_to_mel(np.array([500.0, 1000.0])).round(3)
        array([ 7.5, 15. ])
    """
    _require_scale(scale)
    hz = np.asarray(frequencies, dtype="float64")
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    logarithmic = np.log(np.maximum(hz, _SLANEY_BREAK_HZ) / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP
    return np.minimum(hz, _SLANEY_BREAK_HZ) / _SLANEY_HZ_PER_MEL + logarithmic


def mel_to_hz(mels: float | np.ndarray, scale: str = "slaney") -> np.ndarray:
    """Converts mels to frequencies: the inverse of `hz_to_mel`.

    Args:
        mels: of any shape.
        scale: `"slaney"` or `"htk"`.

    Returns:
        Frequencies in Hz, float64, of the same shape.

    Raises:
        ValueError: `scale` is unknown.

    Example:
        >>> mel_to_hz(hz_to_mel(440.0, "htk"), "htk").round(6)
        np.float64(440.0)
    """
    _require_scale(scale)
    mels = np.asarray(mels, dtype="float64")
    if scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    break_mel = _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL
    logarithmic = np.exp(_SLANEY_LOG_STEP * np.maximum(mels - break_mel, 0.0))
    return np.minimum(mels, break_mel) * _SLANEY_HZ_PER_MEL * logarithmic


def mel_filterbank(
    sample_rate: int,
    fft_length: int,
    num_mels: int,
    min_frequency: float = 0.0,
    max_frequency: float | None = None,
    scale: str = "slaney",
    normalization: str | None = "slaney",
) -> np.ndarray:
    """Builds triangular filters, evenly spaced on the mel scale.

    `spectrogram @ mel_filterbank(...)` is a mel spectrogram. The values are those of `librosa.filters.mel`, transposed.

    Args:
        sample_rate: in Hz.
        fft_length: length of the Fourier transform in samples.
        num_mels: number of filters.
        min_frequency: lower edge of the first filter, in Hz.
        max_frequency: upper edge of the last filter, in Hz; half the sample rate when None.
        scale: `"slaney"` or `"htk"`.
        normalization: `"slaney"` gives each filter unit area over Hz, None leaves its peak at one.

    Returns:
        float32 `(1 + fft_length // 2, num_mels)`. With more filters than the transform can tell apart, the narrowest
        are all zero.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> mel_filterbank(16_000, 512, 80).shape
        (257, 80)

    Reference:
        Slaney 1998, Auditory Toolbox; Young et al., The HTK Book.
    """
    highest = highest_frequency(sample_rate, fft_length, num_mels, min_frequency, max_frequency)
    if normalization not in ("slaney", None):
        raise ValueError(f"`normalization` must be 'slaney' or None. Received: normalization={normalization!r}.")
    edges = mel_to_hz(np.linspace(hz_to_mel(min_frequency, scale), hz_to_mel(highest, scale), num_mels + 2), scale)
    bins = np.linspace(0.0, sample_rate / 2, 1 + fft_length // 2)[:, None]
    widths = np.diff(edges)
    rising = (bins - edges[:-2]) / widths[:-1]
    falling = (edges[2:] - bins) / widths[1:]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    if normalization == "slaney":
        filters *= 2.0 / (edges[2:] - edges[:-2])
    return filters.astype("float32")


def highest_frequency(
    sample_rate: int, fft_length: int, num_mels: int, min_frequency: float, max_frequency: float | None
) -> float:
    """Checks the sizes of a filter bank, see `mel_filterbank`, and returns the upper edge of its last filter, in Hz.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> highest_frequency(16_000, 512, 80, 20.0, None)
        8000.0
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
    return highest
