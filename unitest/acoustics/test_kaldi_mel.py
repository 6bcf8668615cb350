from pathlib import Path

import numpy as np
import pytest

from comparators.acoustics import kaldi_mel_filterbank

GOLDEN = Path(__file__).parents[1] / "golden"


def test_published_filters():
    with np.load(GOLDEN / "features_kaldi_fbank.npz") as arrays:
        expected = arrays["mel_bank"]
    filters = kaldi_mel_filterbank()
    np.testing.assert_allclose(filters[:256].T, expected, atol=2e-5)
    assert not filters[256].any()
    assert np.flatnonzero(~filters.any(axis=0)).tolist() == [3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_mels": 0}, r"`num_mels` must be positive. Received: num_mels=0"),
        ({"max_frequency": 9_000.0}, r"Received: min_frequency=20.0, max_frequency=9000.0, sample_rate=16000"),
    ],
)
def test_arguments_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        kaldi_mel_filterbank(**arguments)
