import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from comparators.generators import PairSampler


@st.composite
def samplers(draw) -> PairSampler:
    counts = draw(st.lists(st.integers(1, 9), min_size=2, max_size=10))
    codes = np.repeat(np.arange(len(counts)), counts)
    codes = codes[np.random.default_rng(draw(st.integers(0, 3))).permutation(len(codes))]
    fraction = draw(st.floats(0.05, 0.95))
    alone = sum(count == 1 for count in counts)
    assume(alone < len(codes) and round(fraction * len(codes)) <= len(codes) - alone)
    labels = codes if draw(st.booleans()) else [f"label {code}" for code in codes]
    return PairSampler(labels, draw(st.integers(1, len(codes))), fraction, draw(st.integers(0, 100)))


def epoch_of(sampler: PairSampler, epoch: int) -> np.ndarray:
    """Returns the pairs of an epoch `(2, n)`."""
    return np.concatenate([sampler.batch(epoch, index) for index in range(sampler.num_batches)], axis=1)


@given(samplers(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_every_item_is_first_once_and_never_with_itself(sampler, epoch):
    a, b = epoch_of(sampler, epoch)
    assert sorted(a) == list(range(len(sampler.codes)))
    assert (a != b).all()
    assert ((b >= 0) & (b < len(a))).all()


@given(samplers(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_kinds_are_balanced_in_the_epoch_and_in_each_batch(sampler, epoch):
    a, b = sampler.codes[epoch_of(sampler, epoch)]
    assert (a == b).sum() == round(sampler.same_fraction * len(a))
    for index in range(sampler.num_batches):
        a, b = sampler.codes[sampler.batch(epoch, index)]
        assert abs((a == b).sum() - sampler.same_fraction * len(a)) < 2


@given(samplers(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_pure_function_of_seed_epoch_and_index(sampler, epoch):
    copy = pickle.loads(pickle.dumps(sampler))
    for number in (epoch, epoch + 1, epoch):
        for index in reversed(range(sampler.num_batches)):
            np.testing.assert_array_equal(copy.batch(number, index), sampler.batch(number, index))
    assert all(sampler.batch(epoch, index).shape[1] == sampler.batch_size for index in range(sampler.num_batches - 1))


def test_epochs_and_seeds_differ():
    labels = np.repeat(np.arange(5), 20)
    pairs = {epoch_of(PairSampler(labels, 10, seed=seed), epoch).tobytes() for seed in range(3) for epoch in range(3)}
    assert len(pairs) == 9


def test_all_partners_are_drawn_equally_often():
    """Against the plain count: every other item of the label, and every item of another label."""
    labels = np.array([0, 0, 0, 1, 1, 2])
    sampler, counts = PairSampler(labels, 6), np.zeros((6, 6))
    for epoch in range(6_000):
        np.add.at(counts, tuple(sampler.batch(epoch, 0)), 1)
    for item in range(6):
        for kind in (labels == labels[item], labels != labels[item]):
            drawn = counts[item, kind & (np.arange(6) != item)]
            if len(drawn):
                np.testing.assert_allclose(drawn, drawn.mean(), rtol=0.15)
    assert counts[5].sum() == 6_000


def test_an_item_alone_with_its_label_is_in_different_pairs_only():
    sampler = PairSampler(["a", "a", "a", "alone"], 4)
    for epoch in range(50):
        a, b = sampler.codes[sampler.batch(epoch, 0)]
        assert not ((a == 1) & (b == 1)).any()
        assert (a == b).sum() == 2


def test_a_changed_batch_does_not_change_the_sampler():
    sampler = PairSampler([0, 0, 1, 1], 4)
    before = sampler.batch(0, 0)
    sampler.batch(0, 0)[:] = -1
    np.testing.assert_array_equal(sampler.batch(0, 0), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["x"] * 6}, r"need at least two labels. Received: 'x'. Add items of other labels"),
        ({"labels": [], "batch_size": 1}, r"need at least two labels. Received: no items"),
        (
            {"labels": list("abcdef")},
            r"Every label has one item, so no pair is of one label. Add items, or train on `Two",
        ),
        ({"labels": list("aabcde")}, r"`same_fraction` must not be more than 0.333: 2 of 6 items .* Lower it, or add"),
        ({"labels": ["a", None, "b", "b"]}, r"Every item must have a label. Received: 1 without, the first in row 1"),
        (
            {"batch_size": 7},
            r"`batch_size` must not be more than 6, the number of items. Received: batch_size=7. Lower",
        ),
        ({"batch_size": 0}, r"`batch_size` must be a positive integer. Received: batch_size=0"),
        ({"batch_size": 2.5}, r"`batch_size` must be a positive integer. Received: batch_size=2.5"),
        ({"same_fraction": 1.0}, r"`same_fraction` must lie between 0 and 1. Received: same_fraction=1.0"),
        ({"seed": -1}, r"`seed` must be a non-negative integer. Received: seed=-1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        PairSampler(**{"labels": list("aabbcc"), "batch_size": 4} | arguments)


def test_index_past_the_end():
    with pytest.raises(IndexError, match=r"`index` must be from 0 to 1. Received: index=2"):
        PairSampler(list("aabbcc"), 4).batch(0, 2)
