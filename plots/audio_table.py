"""Recordings to listen to, in a notebook."""

from __future__ import annotations

import base64
import html
import io
import wave
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

MAX_SECONDS = 10.0  # of a recording: a notebook keeps every sample in its file


class AudioTable:
    """A table of recordings with players. A notebook shows it; elsewhere write `table.html` to a file and open that.

    The recordings are in the HTML itself, as 16-bit WAV: nothing is loaded from elsewhere, and a saved notebook keeps
    them. Of longer ones the first 10 seconds are taken.

    Args:
        rows: waveforms `(samples,)` in [-1, 1], any number in each row; beyond that they are clipped.
        names: of the rows.
        colours: of the names, such as "#1f6fb4"; None for that of the notebook's text.
        columns: names of the columns.
        sample_rate: in Hz.
        title: written over the table.

    Attributes:
        html: the table.

    Raises:
        ValueError: if a waveform is not a finite, one-dimensional array of floats, or `sample_rate` is not positive.

    Example:
        >>> table = AudioTable([[np.zeros(8000), np.zeros(4000)]], ["same"], columns=["a", "b"])
        >>> table, table.html.count("<audio")
        (AudioTable(1 rows, 2 recordings, 16000 Hz), 2)
    """

    def __init__(
        self,
        rows: Sequence[Sequence[ArrayLike]],
        names: Sequence[str],
        colours: Sequence[str | None] | None = None,
        columns: Sequence[str] = (),
        sample_rate: int = 16000,
        title: str = "",
    ):
        if sample_rate < 1:
            raise ValueError(f"`sample_rate` must be positive, in Hz. Received: sample_rate={sample_rate}.")
        self.sample_rate = sample_rate
        self.num_rows, self.num_recordings = len(rows), sum(map(len, rows))
        heads = "".join(f"<th>{html.escape(name)}</th>" for name in ("", *columns)) if any(columns) else ""
        body = [
            f"<tr>{_name_cell(name, colour)}{''.join(map(self._player_cell, row))}</tr>"
            for name, colour, row in zip(names, colours or [None] * len(names), rows, strict=True)
        ]
        caption = f'<caption style="text-align: left">{html.escape(title)}</caption>' if title else ""
        self.html = f"<table>{caption}{f'<tr>{heads}</tr>' if heads else ''}{''.join(body)}</table>"

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"AudioTable({self.num_rows} rows, {self.num_recordings} recordings, {self.sample_rate} Hz)"

    def _player_cell(self, waveform: ArrayLike) -> str:
        waveform = np.asarray(waveform)
        if waveform.ndim != 1 or waveform.dtype.kind != "f" or not np.isfinite(waveform).all():
            raise ValueError(
                "A waveform must be a finite array of floats, `(samples,)`, in [-1, 1]. "
                f"Received: shape {waveform.shape}, {waveform.dtype}."
            )
        seconds = len(waveform) / self.sample_rate
        cut = waveform[: int(MAX_SECONDS * self.sample_rate)]
        length = f"{seconds:.2f} s" if len(cut) == len(waveform) else f"first {MAX_SECONDS:.0f} of {seconds:.2f} s"
        sound = base64.b64encode(wav_bytes(cut, self.sample_rate)).decode()
        player = (
            f'<audio controls="controls" preload="metadata" style="width: 15em" src="data:audio/wav;base64,{sound}">'
        )
        return f'<td style="text-align: left">{player}</audio><br/>{length}</td>'


def wav_bytes(waveform: np.ndarray, sample_rate: int) -> bytes:
    """Returns a waveform as the bytes of a WAV file with 16 bits and one channel.

    Args:
        waveform: `(samples,)`, clipped to [-1, 1].
        sample_rate: in Hz.

    Example:
        >>> len(wav_bytes(np.zeros(100), 16000))
        244
    """
    samples = np.round(np.clip(waveform, -1, 1) * 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def _name_cell(name: str, colour: str | None) -> str:
    style = "text-align: left" + (f"; color: {html.escape(colour)}" if colour else "")
    return f'<th style="{style}">{html.escape(name)}</th>'
