"""Mean and standard deviation of features: against NumPy on all values at once."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from comparators.acoustics import kaldi_fbank
from comparators.generators import compute_norm_stats


@pytest.fixture
def recordings(tmp_path):
    rng, clips = np.random.default_rng(0), []
    for index, samples in enumerate((16_000, 9_000, 4_000)):
        clip = (0.1 * rng.normal(size=samples) * (index + 1) / 3 + 0.01).astype("float32")
        soundfile.write(tmp_path / f"{index}.wav", clip, 16_000, subtype="FLOAT")
        clips.append(clip)
    table = pd.DataFrame({"path": [str(tmp_path / f"{index}.wav") for index in range(3)], "split": list("aab")})
    return table, clips


def test_against_all_values_at_once(recordings):
    table, clips = recordings
    values = np.concatenate([kaldi_fbank(clip - clip.mean()) for clip in clips]).astype("float64")
    stats = compute_norm_stats(table)
    np.testing.assert_allclose(stats[:2], [values.mean(), values.std()], rtol=1e-6)
    assert stats.num_frames == len(values)
    assert stats.longest == 98


def test_padded_and_cut_as_published(recordings):
    table, clips = recordings
    padded = np.zeros((3, 60, 128))
    for row, clip in zip(padded, clips, strict=True):
        features = kaldi_fbank(clip - clip.mean())[:60]
        row[: len(features)] = features
    stats = compute_norm_stats(table, target_length=60)
    np.testing.assert_allclose(stats[:2], [padded.mean(), padded.std()], rtol=1e-6)


def test_other_features_and_a_split(recordings):
    table, clips = recordings
    stats = compute_norm_stats(table, lambda samples: samples[:, None], split="b")
    np.testing.assert_allclose(stats.std, clips[2].std(), rtol=1e-4)


def test_silence_is_nothing_to_normalise_with(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(8_000), 16_000)
    with pytest.raises(ValueError, match=r"features of all 1 recordings are the same number, -15.94"):
        compute_norm_stats(pd.DataFrame({"path": [str(tmp_path / "silent.wav")]}))


def test_recordings_that_cannot_be_read_are_left_out(recordings, tmp_path):
    table, _ = recordings
    gone = pd.concat([pd.DataFrame({"path": [str(tmp_path / "gone.wav")]}), table], ignore_index=True)
    with pytest.warns(UserWarning, match=r"Left out: row 0\. .*gone\.wav"):
        assert compute_norm_stats(gone, max_failed_share=0.25) == compute_norm_stats(table)
    for share in (0.0, 0.24):
        with pytest.raises(ValueError, match=r"Too many recordings cannot be loaded: 1 of 4(.|\n)*gone\.wav"):
            compute_norm_stats(gone, max_failed_share=share)
