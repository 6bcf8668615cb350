import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparators.generators import length_buckets


@given(st.lists(st.integers(0, 1_000), max_size=100), st.integers(1, 20), st.integers(1, 5_000))
def test_every_index_once_within_the_limits(lengths, size, samples):
    buckets = length_buckets(lengths, size, samples)
    assert sorted(np.concatenate([*buckets, []]).tolist()) == list(range(len(lengths)))
    for bucket in buckets:
        assert 1 <= len(bucket) <= size
        assert len(bucket) == 1 or max(lengths[index] for index in bucket) * len(bucket) <= samples
    flat = [lengths[index] for bucket in buckets for index in bucket]
    assert flat == sorted(flat)


def test_little_padding():
    lengths = np.random.default_rng(0).integers(8_000, 160_000, 2_000)
    buckets = length_buckets(lengths, 32, 10**9)
    padded = sum(lengths[bucket].max() * len(bucket) for bucket in buckets)
    assert padded / lengths.sum() < 1.02


@pytest.mark.parametrize(("size", "samples", "name"), [(0, 1, "max_batch_size"), (1, 0, "max_batch_samples")])
def test_wrong_limits(size, samples, name):
    with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
        length_buckets([1], size, samples)
