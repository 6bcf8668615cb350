"""From waveforms of any length to embeddings: batches of like length, windows, means."""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from comparators.generators.length_buckets import length_buckets
from comparators.models.encoders.waveform_encoder import WaveformEncoder
from comparators.models.frame_windows import FrameWindows

# Lengths are padded up to multiples of these, so that compiled functions see few shapes.
_SAMPLE_GRID, _FRAME_GRID = 8000, 32
# The front end sees a long recording in pieces of this many samples (a minute at 16 kHz).
_PIECE_SAMPLES = 960_000
_BATCH_SAMPLES, _BATCH_FRAMES = 256_000, 25_600


class WaveformEmbedder:
    """Embeds waveforms of any length with a `WaveformEncoder`, in bounded memory.

    The front end runs over each whole recording (long ones in pieces that overlap, so that the frames are the same),
    the trunk over windows of its features; the windows' embeddings are averaged and normalised.

    Args:
        encoder: the encoder; its parts are used as they are at the time of the call.
        windows: windows for long recordings; None embeds each recording in one piece.

    Example:
        >>> import numpy as np
        >>> from comparators.custom_layers import LogMel
        >>> from comparators.models.encoders import LSTMTrunk
        >>> encoder = WaveformEncoder(LogMel(num_mels=40), LSTMTrunk(units=8, num_layers=1, embedding_dim=4))
        >>> WaveformEmbedder(encoder)([np.zeros(16000, "float32"), np.zeros(5000, "float32")]).shape
        (2, 4)
    """

    def __init__(self, encoder: WaveformEncoder, windows: FrameWindows | None = None):
        self.encoder = encoder
        self.windows = windows
        features = keras.KerasTensor(encoder.front_end.compute_output_shape((None, None)))
        self._compute_features = _compiled(keras.Sequential([encoder.front_end]), keras.KerasTensor((None, None)))
        self._compute_embeddings = _compiled(
            encoder.trunk, {"features": features, "lengths": keras.KerasTensor((None,), "int32")}
        )

    def __call__(self, waveforms: Sequence[np.ndarray], batch_size: int = 64) -> np.ndarray:
        """Returns the embeddings `(n, embedding_dim)`, float32, of `n` waveforms `(samples,)`."""
        if not len(waveforms):
            return np.zeros((0, self.encoder.embedding_dim), np.float32)
        starts = [self._starts(len(waveform)) for waveform in waveforms]
        features = self._features([self._padded(w, s) for w, s in zip(waveforms, starts, strict=True)], batch_size)
        segments = [(i, start) for i, item in enumerate(starts) for start in item]
        length = self.windows.length if self.windows else None
        pieces = [features[i][start : start + length if length else None] for i, start in segments]
        return _normalized_means(self._trunk(pieces, batch_size), np.array([i for i, _ in segments]))

    def _starts(self, num_samples: int) -> list[int]:
        return self.windows.starts(num_samples / self.encoder.front_end.hop_length) if self.windows else [0]

    def _padded(self, waveform: np.ndarray, starts: list[int]) -> np.ndarray:
        if self.windows is None or not self.windows.pad:
            return waveform
        missing = (starts[-1] + self.windows.length) * self.encoder.front_end.hop_length - len(waveform)
        return np.pad(waveform, (0, max(0, missing)))

    def _features(self, waveforms: Sequence[np.ndarray], batch_size: int) -> list[np.ndarray]:
        front_end = self.encoder.front_end
        pieces, valid = [], []
        for i, waveform in enumerate(waveforms):
            for piece, skip, frames in _overlapping_pieces(waveform, front_end.fft_length, front_end.hop_length):
                pieces.append(piece)
                valid.append((i, skip, frames))
        rows = _in_batches(pieces, self._compute_features, batch_size, _SAMPLE_GRID, _BATCH_SAMPLES)
        cut = [[] for _ in waveforms]
        for (i, skip, frames), row in zip(valid, rows, strict=True):
            cut[i].append(row[skip : skip + frames])
        return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in cut]

    def _trunk(self, pieces: list[np.ndarray], batch_size: int) -> np.ndarray:
        def embed(batch: np.ndarray, lengths: np.ndarray) -> np.ndarray:
            return self._compute_embeddings({"features": batch, "lengths": lengths})

        rows = _in_batches(pieces, embed, batch_size, _FRAME_GRID, _BATCH_FRAMES, with_lengths=True)
        return np.stack(rows)


def _compiled(model: keras.Model, inputs: keras.KerasTensor | dict[str, keras.KerasTensor]) -> Callable:
    """Returns a model's forward pass: on TensorFlow one graph for all shapes, elsewhere Keras's own function."""
    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch
    import tensorflow

    signature = keras.tree.map_structure(lambda x: tensorflow.TensorSpec(x.shape, x.dtype), inputs)
    return tensorflow.function(lambda batch: model(batch, training=False), input_signature=[signature])


def _overlapping_pieces(waveform: np.ndarray, fft_length: int, hop_length: int):
    """Yields `(samples, frames to skip, frames to keep)` whose kept frames are those of the whole waveform."""
    num_frames = 1 + len(waveform) // hop_length
    step = _PIECE_SAMPLES // hop_length
    context = -(-fft_length // (2 * hop_length))
    for first in range(0, num_frames, step):
        frames = min(step, num_frames - first)
        skip = min(context, first)
        stop = (first + frames + context) * hop_length
        yield waveform[(first - skip) * hop_length : stop], skip, frames


def _in_batches(
    items: list[np.ndarray],
    function: Callable,
    batch_size: int,
    grid: int,
    batch_values: int,
    with_lengths: bool = False,
) -> list[np.ndarray]:
    """Applies a batch function to items of like length, zero-padded to a grid; rows come back in the items' order."""
    lengths = np.array([len(item) for item in items], np.int32)
    rows: list[np.ndarray] = [None] * len(items)  # type: ignore[list-item]
    for bucket in length_buckets(lengths, max_batch_size=batch_size, max_batch_samples=batch_values):
        width = max(grid, -(-int(lengths[bucket].max()) // grid) * grid)
        batch = np.zeros((len(bucket), width, *items[0].shape[1:]), np.float32)
        for row, i in zip(batch, bucket, strict=True):
            row[: lengths[i]] = items[i]
        outputs = function(batch, lengths[bucket]) if with_lengths else function(batch)
        for i, output in zip(bucket, np.asarray(outputs), strict=True):
            rows[i] = output
    return rows


def _normalized_means(embeddings: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Averages the rows of each owner (sorted codes from 0) and divides by the Euclidean norm."""
    first = np.flatnonzero(np.diff(owners, prepend=-1))
    means = np.add.reduceat(embeddings, first) / np.diff(np.append(first, len(owners)))[:, None]
    return (means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)).astype(np.float32)
