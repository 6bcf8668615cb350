"""One recording: its waveform over its log-mel spectrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from comparators.acoustics.log_mel import log_mel_spectrogram
from comparators.acoustics.mel import hz_to_mel
from comparators.plots.axes import axes_or_new
from comparators.plots.palette import COLOURS
from comparators.plots.waveform_line import check_waveform, draw_waveform

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUM_MELS = 80
DYNAMIC_RANGE = 70.0  # dB under the loudest place that colours tell apart
TICKS_HZ = (500, 1000, 2000, 4000, 8000, 16000)


def recording(
    samples: ArrayLike, sample_rate: int = 16000, segments: ArrayLike | None = None, ax: Axes | None = None
) -> Axes:
    """Draws a recording's waveform and, under it, its log-mel spectrogram over the same seconds.

    Args:
        samples: waveform in [-1, 1] `(samples,)`.
        sample_rate: in Hz.
        segments: where there is speech, first and last sample (exclusive) of each piece `(n, 2)`, as
            `SpeechDetector.segments` returns them; shaded. None for no shading.
        ax: Axes whose place is taken; None makes a new figure.

    Returns:
        The Axes; `ax.child_axes` holds those of the waveform, of the spectrogram, and of its colour bar.

    Raises:
        ValueError: if the waveform is empty, not one-dimensional or not finite, or a segment lies outside of it.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> ax = recording(np.sin(np.arange(8000) / 5), segments=[[2000, 6000]])
        >>> [child.get_xlabel() for child in ax.child_axes]
        ['', 'time (s)', '']
        >>> plt.close(ax.figure)
    """
    samples = check_waveform(samples)
    segments = np.zeros((0, 2)) if segments is None else np.asarray(segments, np.float64).reshape(-1, 2)
    if ((segments[:, 0] >= segments[:, 1]) | (segments[:, 0] < 0) | (segments[:, 1] > len(samples))).any():
        raise ValueError(
            f"`segments` must be ranges of samples within the waveform's {len(samples)}. "
            f"Received: {segments.astype(int).tolist()}."
        )
    ax = axes_or_new(ax, 8.5, 4.6)
    ax.set_axis_off()
    waveform = ax.inset_axes([0, 0.68, 1, 0.32])
    draw_waveform(waveform, samples, sample_rate)
    for start, stop in segments / sample_rate:
        waveform.axvspan(start, stop, color=COLOURS[2], alpha=0.25, linewidth=0, zorder=0, label="speech")
    if len(segments):
        waveform.legend(*(part[:1] for part in waveform.get_legend_handles_labels()), loc="upper right", fontsize=8)
    waveform.tick_params(labelbottom=False)
    spectrogram = ax.inset_axes([0, 0, 1, 0.63], sharex=waveform)
    colour_bar = ax.inset_axes([1.015, 0, 0.02, 0.63])
    _draw_spectrogram(spectrogram, colour_bar, samples, sample_rate)
    for edge in (segments / sample_rate).ravel():
        spectrogram.axvline(edge, color="white", linewidth=0.9, linestyle="--")
    waveform.set_xlim(0, len(samples) / sample_rate)
    return ax


def _draw_spectrogram(ax: Axes, colour_bar: Axes, samples: np.ndarray, sample_rate: int) -> None:
    """Draws decibels over seconds and mels, with ticks in Hz."""
    window, hop = round(0.025 * sample_rate), round(0.010 * sample_rate)
    log_mel = log_mel_spectrogram(
        samples,
        sample_rate=sample_rate,
        fft_length=2 ** int(np.ceil(np.log2(2 * window))),
        window_length=window,
        hop_length=hop,
        num_mels=NUM_MELS,
        floor=1e-10,
    )
    decibels = 10 / np.log(10) * np.asarray(log_mel).T
    top = float(hz_to_mel(sample_rate / 2))
    step = top / (NUM_MELS + 1)  # filters peak at step, 2 step, ...
    half_frame = hop / sample_rate / 2
    end = (decibels.shape[1] - 1) * hop / sample_rate
    image = ax.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        cmap="magma",
        interpolation="nearest",
        vmin=decibels.max() - DYNAMIC_RANGE,
        extent=(-half_frame, end + half_frame, step / 2, top - step / 2),
    )
    ticks = [tick for tick in TICKS_HZ if tick <= sample_rate / 2]
    ax.set_yticks(hz_to_mel(np.array(ticks, float)), [f"{tick:,}" for tick in ticks])
    ax.set_ylim(0, top)
    ax.set_facecolor("black")
    ax.set_xlabel("time (s)")
    ax.set_ylabel("frequency (Hz)")
    ax.figure.colorbar(image, cax=colour_bar, label="level (dB)")
