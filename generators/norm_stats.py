"""Mean and standard deviation of the features of a set of recordings."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from comparators.acoustics.kaldi_fbank import kaldi_fbank
from comparators.generators.audio_reader import AudioReader
from comparators.generators.failed_loads import check_failures
from comparators.generators.manifest import Source, read_manifest


class NormStats(NamedTuple):
    """What a front end normalises with.

    Attributes:
        mean: over all frames and bands of all recordings.
        std: over all frames and bands of all recordings.
        num_frames: how many frames there were.
        longest: frames of the longest recording.
    """

    mean: float
    std: float
    num_frames: int
    longest: int


def compute_norm_stats(
    manifest: Source,
    features: Callable[[np.ndarray], np.ndarray] = kaldi_fbank,
    reader: AudioReader | None = None,
    target_length: int | None = None,
    split: str | None = None,
    progress: bool = False,
    max_failed_share: float = 0.0,
) -> NormStats:
    """Computes mean and standard deviation of the log-mel features of recordings, for AST and CAV-MAE.

    Compute them on the recordings that a network trains on, and hand them to `NormalizedFbank(mean=..., std=...)`: AST
    divides by twice the standard deviation, CAV-MAE by the standard deviation. The mean of each recording is taken off
    first, as both do. One recording is in memory at a time.

    Args:
        manifest: a table of recordings, a CSV file or a folder, see `read_manifest`.
        features: from samples `(samples,)` to features `(frames, bands)`.
        reader: of the files; None is `AudioReader()`, 16 kHz.
        target_length: frames to which each recording is cut or filled up with zeros first, as the published numbers
            have it; None takes the frames that there are.
        split: takes the rows with this value in the column `split`.
        progress: whether to show a bar.
        max_failed_share: of all recordings, how many may fail to load; they are left out, each with a warning.

    Returns:
        The numbers.

    Raises:
        ValueError: see `read_manifest`; more files than `max_failed_share` cannot be read, or the features are nowhere
            different.

    Example:
        >>> import pandas, soundfile, tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     soundfile.write(file.name, np.random.default_rng(0).normal(scale=0.1, size=16_000), 16_000)
        ...     stats = compute_norm_stats(pandas.DataFrame({"path": [file.name]}))
        >>> round(stats.mean, 1), stats.num_frames
        (-0.9, 98)
    """
    table = read_manifest(manifest, split=split, media="audio")
    reader = AudioReader() if reader is None else reader
    count, num_frames, longest, mean, squares = 0, 0, 0, 0.0, 0.0
    failures: dict[int, str] = {}
    rows = tqdm(table.to_dict("records"), desc="measuring", unit="file", disable=not progress, leave=False)
    for number, row in enumerate(rows):
        try:
            samples = reader.read(row["path"], row.get("start"), row.get("end"), row.get("channel"))
        except (ValueError, OSError) as error:
            failures[number] = str(error)
            check_failures(failures, len(table), max_failed_share, "recordings")
            warnings.warn(f"Left out: row {number}. {error}", stacklevel=2)
            continue
        values = np.asarray(features(samples - samples.mean()), np.float64)
        longest = max(longest, len(values))
        if target_length is not None:
            values = np.pad(values[:target_length], ((0, max(0, target_length - len(values))), (0, 0)))
        # The deviations of two parts from their common mean (Chan et al. 1979): no large squares are subtracted.
        difference, total = values.mean() - mean, count + values.size
        squares += np.square(values - values.mean()).sum() + difference**2 * count * values.size / total
        mean += difference * values.size / total
        count, num_frames = total, num_frames + len(values)
    std = float(np.sqrt(squares / count))
    if std == 0:
        raise ValueError(
            f"The features of all {len(table) - len(failures)} recordings are the same number, {mean:.4g}: there is "
            "nothing to normalise with. Check that the recordings hold sound."
        )
    return NormStats(float(mean), std, num_frames, longest)
