"""From recordings of any length to embeddings of clips of one length."""

from collections.abc import Sequence

import numpy as np

from comparators.models.encoders.pooled_maps import pooled
from comparators.models.encoders.waveform_encoder import WaveformEncoder


class ClipEmbedder:
    """Cuts recordings into clips of one length, encodes these, and averages them.

    Args:
        encoder: the encoder; used as it is at the time of the call.
        clip_samples: of a clip.
        average: True cuts a recording into clips one after the other and averages their embeddings, leaving out a rest
            of less than half a clip; False takes the first clip alone.
        padding_counts: whether the zeros after a short recording are part of the clip.
    """

    def __init__(self, encoder: WaveformEncoder, clip_samples: int, average: bool, padding_counts: bool):
        self.encoder = encoder
        self.clip_samples = clip_samples
        self.average = average
        self.padding_counts = padding_counts

    def __call__(self, waveforms: Sequence[np.ndarray], batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings `(n, embedding_dim)`, float32, of `n` waveforms `(samples,)`."""
        if not len(waveforms):
            return np.zeros((0, self.encoder.embedding_dim), np.float32)
        clips = [self._clips(waveform) for waveform in waveforms]
        rows = pooled(self._encode([clip for parts in clips for clip in parts], batch_size))
        first = np.cumsum([0] + [len(parts) for parts in clips[:-1]])
        counts = np.array([len(parts) for parts in clips])
        return (np.add.reduceat(rows, first) / counts[:, None]).astype(np.float32)

    def maps(self, waveforms: Sequence[np.ndarray], batch_size: int = 64) -> dict[str, np.ndarray]:
        """Returns the maps of the first clips: `{"map": (n, time, dim) float32, "lengths": (n,)}`."""
        outputs = self._encode([self._clips(waveform)[0] for waveform in waveforms], batch_size)
        return {"map": np.asarray(outputs["map"], np.float32), "lengths": np.asarray(outputs["lengths"], np.int32)}

    def _clips(self, waveform: np.ndarray) -> list[np.ndarray]:
        size = self.clip_samples
        count = max(1, int(len(waveform) / size + 0.5)) if self.average else 1
        return [waveform[i * size : (i + 1) * size] for i in range(count)]

    def _encode(self, clips: list[np.ndarray], batch_size: int) -> np.ndarray | dict[str, np.ndarray]:
        waveforms = np.zeros((len(clips), self.clip_samples), np.float32)
        for row, clip in zip(waveforms, clips, strict=True):
            row[: len(clip)] = clip
        lengths = np.array([self.clip_samples if self.padding_counts else len(clip) for clip in clips], np.int32)
        inputs = {"waveforms": waveforms, "lengths": lengths}
        return self.encoder.predict(inputs, batch_size=batch_size, verbose=0)
