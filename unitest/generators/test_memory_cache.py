import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparators.generators import MemoryCache


@pytest.mark.filterwarnings("ignore:.*more than the whole cache")
@given(st.lists(st.integers(0, 9), max_size=60), st.integers(0, 2_000))
def test_keeps_what_came_first_within_its_limit(keys, limit):
    cache, expected = MemoryCache(limit), []
    for key in keys:
        array = cache.get(key, lambda key=key: np.full(50 + 10 * key, key, np.float32))
        assert (array == key).all()
        assert cache.num_bytes <= limit
        if key not in expected and sum(4 * (50 + 10 * other) for other in [*expected, key]) <= limit:
            expected.append(key)
    assert list(cache._arrays) == expected
    assert cache.num_hits + cache.num_misses == len(keys)


def test_saves_its_share_of_every_epoch():
    cache = MemoryCache(40 * 256)
    for epoch in range(3):
        for key in np.random.default_rng(epoch).permutation(120):
            cache.get(int(key), lambda: np.zeros(256, np.uint8))
        assert cache.num_hits == 40 * epoch


def test_arrays_are_read_only_and_the_callers_own_is_not():
    own = np.zeros(3)
    cached = MemoryCache(100).get("a", lambda: own)
    with pytest.raises(ValueError, match="read-only"):
        cached[0] = 1
    own[0] = 1


def test_threads():
    cache = MemoryCache(4_000)

    def work(seed: int) -> None:
        for key in np.random.default_rng(seed).integers(0, 30, 500):
            assert cache.get(int(key), lambda key=key: np.full(100, key, np.float32))[0] == key

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.num_bytes == sum(array.nbytes for array in cache._arrays.values()) <= 4_000
    assert cache.num_hits + cache.num_misses == 2_000


def test_a_pickled_copy_starts_empty():
    cache = MemoryCache(1_000)
    cache.get("a", lambda: np.zeros(10))
    copy = pickle.loads(pickle.dumps(cache))
    assert (copy.max_bytes, copy.num_bytes, copy.num_misses) == (1_000, 0, 0)
    copy.get("a", lambda: np.zeros(10))


def test_a_failed_load_leaves_nothing():
    cache = MemoryCache(1_000)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)
    assert cache.get("a", lambda: np.ones(1)) == 1


def test_negative_limit():
    with pytest.raises(ValueError, match=r"`max_bytes` must not be negative. Received: max_bytes=-1"):
        MemoryCache(-1)
