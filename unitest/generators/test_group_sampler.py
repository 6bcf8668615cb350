import itertools
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparators.generators import GroupSampler

pytestmark = pytest.mark.filterwarnings("ignore:.*have one item")


@st.composite
def samplers(draw) -> GroupSampler:
    counts = draw(st.lists(st.integers(1, 6), min_size=2, max_size=12))
    codes = np.repeat(np.arange(len(counts)), counts)
    codes = codes[np.random.default_rng(draw(st.integers(0, 3))).permutation(len(codes))]
    labels = codes if draw(st.booleans()) else np.array([f"label {code}" for code in codes])
    recordings = None if draw(st.booleans()) else np.random.default_rng(0).integers(0, 8, len(codes))
    return GroupSampler(
        labels,
        labels_per_batch=draw(st.integers(1, len(counts))),
        items_per_label=draw(st.integers(1, 5)),
        seed=draw(st.integers(0, 100)),
        recordings=recordings,
        passes_per_epoch=draw(st.integers(1, 3)),
    )


def epoch_of(sampler: GroupSampler, epoch: int) -> np.ndarray:
    """Returns the label codes of an epoch `(batches, P, K)`."""
    batches = np.array([sampler.batch(epoch, index) for index in range(sampler.num_batches)])
    return sampler.codes[batches].reshape(-1, sampler.labels_per_batch, sampler.items_per_label)


@given(samplers(), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_groups_are_of_one_label_each_and_no_label_is_twice_in_a_batch(sampler, epoch):
    codes = epoch_of(sampler, epoch)
    assert (codes == codes[:, :, :1]).all()
    for batch in codes[:, :, 0]:
        assert len(set(batch)) == sampler.labels_per_batch


@given(samplers())
@settings(max_examples=40, deadline=None)
def test_every_label_comes_once_in_a_pass_and_left_out_ones_first_in_the_next(sampler):
    num_labels = len(sampler.label_names)
    used = np.concatenate([epoch_of(sampler, epoch)[:, :, 0].ravel() for epoch in range(4)])
    per_pass = num_labels // sampler.labels_per_batch * sampler.labels_per_batch
    passes = used.reshape(-1, per_pass)
    for labels in passes:
        assert len(set(labels)) == per_pass
    for before, after in itertools.pairwise(passes):
        left_out = set(range(num_labels)) - set(before)
        assert set(after[: len(left_out)]) == left_out


@given(samplers(), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_pure_function_of_seed_epoch_and_index(sampler, epoch):
    copy = pickle.loads(pickle.dumps(sampler))
    for index in reversed(range(sampler.num_batches)):
        np.testing.assert_array_equal(copy.batch(epoch, index), sampler.batch(epoch, index))


@given(samplers(), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_items_repeat_and_share_recordings_only_as_much_as_they_must(sampler, epoch):
    recordings = np.arange(len(sampler.codes)) if sampler._recordings is None else sampler._recordings
    for index in range(sampler.num_batches):
        for items in sampler.batch(epoch, index).reshape(sampler.labels_per_batch, -1):
            available = np.flatnonzero(sampler.codes == sampler.codes[items[0]])
            assert len(set(items)) == min(len(available), sampler.items_per_label)
            assert len(set(recordings[items])) == min(len(set(recordings[available])), sampler.items_per_label)


@given(samplers())
@settings(max_examples=40, deadline=None)
def test_report_counts_as_a_plain_loop_does(sampler):
    recordings = np.arange(len(sampler.codes)) if sampler._recordings is None else sampler._recordings
    pairs = shared = 0
    for index in range(sampler.num_batches):
        batch = sampler.batch(1, index)
        for i in range(len(batch)):
            for j in range(i):
                if sampler.codes[batch[i]] == sampler.codes[batch[j]]:
                    pairs += 1
                    shared += recordings[batch[i]] == recordings[batch[j]]
    report = sampler.report(epoch=1)
    assert (report["positive_pairs"], report["pairs_of_one_recording"]) == (pairs, shared)
    assert report["share_of_one_recording"] == (shared / pairs if pairs else 0.0)


def test_epochs_and_seeds_differ():
    labels = np.repeat(np.arange(50), 20)
    first, second, other = GroupSampler(labels, 10, 4), GroupSampler(labels, 10, 4), GroupSampler(labels, 10, 4, seed=1)
    assert (first.batch(0, 0) == second.batch(0, 0)).all()
    assert (first.batch(0, 0) != first.batch(1, 0)).any()
    assert (first.batch(0, 0) != other.batch(0, 0)).any()
    together = [frozenset(epoch_of(first, epoch)[0, :, 0]) for epoch in range(5)]
    assert len(set(together)) == 5


def test_every_item_comes_in_time():
    sampler = GroupSampler(np.repeat(np.arange(6), 10), 3, 4)
    seen = {item for epoch in range(40) for index in range(2) for item in sampler.batch(epoch, index)}
    assert seen == set(range(60))


def test_batches_within_corpora():
    labels = np.repeat(np.arange(30), 3)
    corpora = np.where(labels < 20, "big", "small")
    sampler = GroupSampler(labels, 4, 2, corpora=corpora)
    assert sampler.num_batches == 5 + 2
    for epoch in range(3):
        found = [set(corpora[sampler.batch(epoch, index)]) for index in range(7)]
        assert sorted(map(sorted, found)) == [["big"]] * 5 + [["small"]] * 2
    used = np.concatenate([epoch_of(sampler, epoch)[:, :, 0].ravel() for epoch in range(5)])
    counts = np.bincount(used)
    assert counts[:20].tolist() == [5] * 20
    assert counts[20:].min() >= 3  # 2 of 10 labels are left out of a pass, never one twice in a row


def test_corpus_weights():
    labels = np.repeat(np.arange(30), 3)
    corpora = np.where(labels < 20, "big", "small")
    sampler = GroupSampler(labels, 4, 2, corpora=corpora, corpus_weights={"small": 2.0})
    found = [corpora[sampler.batch(0, index)[0]] for index in range(sampler.num_batches)]
    assert (found.count("big"), found.count("small")) == (5, 4)


def test_single_items_are_allowed_and_said():
    with pytest.warns(UserWarning, match=r"2 of 3 labels have one item: it fills all 4 places"):
        sampler = GroupSampler(["a", "b", "c", "c"], 3, 4)
    assert sampler.report()["labels_with_one_item"] == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GroupSampler(["a", "b"], 2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels_per_batch": 4}, r"`labels_per_batch` must not be more than the labels there are: 3\. Received: .*=4"),
        ({"labels_per_batch": 0}, r"`labels_per_batch` must be a positive integer. Received: labels_per_batch=0"),
        ({"items_per_label": 1.5}, r"`items_per_label` must be a positive integer. Received: items_per_label=1.5"),
        ({"passes_per_epoch": 0}, r"`passes_per_epoch` must be a positive integer"),
        ({"seed": -1}, r"`seed` must be a non-negative integer. Received: seed=-1"),
        ({"recordings": [1, 2]}, r"`recordings` must have one entry for each label: 6. Received: \(2,\)"),
        ({"corpora": list("xxxxyy")}, r"labels there are in corpus y: 1\. Received: labels_per_batch=2"),
        ({"corpora": list("xyxyxy")}, r"Label 'a' is in several corpora"),
        ({"corpus_weights": {"z": 1}}, r"`corpus_weights` must name corpora of the data: all. Received: z"),
        ({"corpus_weights": {"all": 0}}, r"`corpus_weights` must be positive"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GroupSampler(**{"labels": list("aabbcc"), "labels_per_batch": 2, "items_per_label": 2} | arguments)


def test_index_past_the_end():
    with pytest.raises(IndexError, match=r"`index` must be from 0 to 0. Received: index=1"):
        GroupSampler(list("aabb"), 2, 2).batch(0, 1)


def test_all_subsets_of_a_label_are_drawn_equally_often():
    sampler = GroupSampler([0] * 5 + [1] * 7, 2, 3)
    drawn = [frozenset(sampler.batch(epoch, 0).reshape(2, 3)[row]) for epoch in range(4_000) for row in range(2)]
    counts = {subset: drawn.count(subset) for subset in set(drawn)}
    small = [count for subset, count in counts.items() if max(subset) < 5]
    large = [count for subset, count in counts.items() if min(subset) >= 5]
    assert (len(small), len(large)) == (10, 35)
    np.testing.assert_allclose(small, 400, rtol=0.2)
    np.testing.assert_allclose(large, 4_000 / 35, rtol=0.4)
