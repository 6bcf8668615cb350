import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.generators import TripletSampler


@st.composite
def samplers(draw) -> TripletSampler:
    counts = [2, *draw(st.lists(st.integers(1, 6), min_size=1, max_size=10))]
    codes = np.random.default_rng(draw(st.integers(0, 3))).permutation(np.repeat(np.arange(len(counts)), counts))
    anchors = sum(count for count in counts if count > 1)
    return TripletSampler(codes, draw(st.integers(1, anchors)), draw(st.integers(0, 100)))


@given(samplers(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_triplets_agree_with_the_labels_and_use_every_anchor_once(sampler, epoch):
    batches = [sampler.batch(epoch, index) for index in range(sampler.num_batches)]
    anchor, positive, negative = np.concatenate(batches, axis=1)
    codes = sampler.codes
    assert sorted(anchor) == np.flatnonzero(np.bincount(codes)[codes] > 1).tolist()
    assert (anchor != positive).all()
    assert (codes[anchor] == codes[positive]).all()
    assert (codes[anchor] != codes[negative]).all()
    copy = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(copy.batch(epoch, sampler.num_batches - 1), batches[-1])


def test_epochs_differ_and_all_negatives_come():
    sampler = TripletSampler(np.repeat(np.arange(4), 5), 20)
    epochs = [sampler.batch(epoch, 0) for epoch in range(60)]
    assert len({epoch.tobytes() for epoch in epochs}) == 60
    assert len({(anchor, negative) for epoch in epochs for anchor, _, negative in epoch.T}) > 0.9 * 20 * 15


@pytest.mark.parametrize(
    ("labels", "batch_size", "message"),
    [
        (["x"] * 4, 2, r"Triplets need at least two labels. Received: 'x'. Add items of other labels"),
        (list("abcd"), 2, r"Every label has one item, so there is no positive. Add items, or train on `TwoViews`"),
        (
            list("aabc"),
            3,
            r"not be more than 2, the number of items that share their label with another. Received: batc",
        ),
        (["a", "a", "", "b"], 2, r"Every item must have a label. Received: 1 without, the first in row 2"),
    ],
)
def test_wrong_arguments(labels, batch_size, message):
    with pytest.raises(ValueError, match=message):
        TripletSampler(labels, batch_size)
