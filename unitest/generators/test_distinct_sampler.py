"""Rows that share a key never meet; each comes once; all is a pure function of seed, epoch and index."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comparators.generators import ArrayItems, DistinctSampler, Matches, Rows, RowSampler


def batches_of(sampler, epoch: int) -> list[list[int]]:
    return [sampler.batch(epoch, index).tolist() for index in range(sampler.num_batches)]


def meet(keys, batch) -> bool:
    """Whether two rows of a batch share a key, by plain loops."""
    sets = [set(np.atleast_1d(keys[row]).tolist()) for row in batch]
    return any(sets[i] & sets[j] for i in range(len(sets)) for j in range(i))


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 60), st.integers(1, 4), st.integers(2, 80), st.integers(1, 9), st.integers(0, 1000))
@example(num_rows=40, num_columns=1, num_keys=2, batch_size=8, seed=0)
@example(num_rows=40, num_columns=3, num_keys=4, batch_size=8, seed=0)
def test_no_two_rows_of_a_batch_share_a_key_and_each_comes_once(num_rows, num_columns, num_keys, batch_size, seed):
    keys = np.random.default_rng(seed).integers(0, num_keys, (num_rows, num_columns))
    batch_size = min(batch_size, num_rows)
    try:
        sampler = DistinctSampler(keys, batch_size, seed=seed)
    except ValueError as error:
        assert "shares a key with all others" in str(error)  # noqa: PT017
        assert all(meet(keys, (i, j)) for i in range(num_rows) for j in range(i))
        return
    for epoch in range(3):
        batches = batches_of(sampler, epoch)
        assert sorted(row for batch in batches for row in batch) == list(range(num_rows))
        assert not any(meet(keys, batch) for batch in batches)
        assert [len(batch) for batch in batches] == sampler.batch_sizes.tolist()
        assert max(map(len, batches)) <= batch_size
        assert min(map(len, batches)) > 0
    assert (np.diff(sampler.batch_sizes) <= 0).all()
    again = DistinctSampler(keys, batch_size, seed=seed)
    assert again.batch(2, sampler.num_batches - 1).tolist() == batches[-1]
    assert pickle.loads(pickle.dumps(sampler)).batch(1, 0).tolist() == sampler.batch(1, 0).tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=80), st.integers(1, 10))
def test_of_one_key_each_there_are_no_more_batches_than_must_be(keys, batch_size):
    batch_size = min(batch_size, len(keys))
    most = np.bincount(keys).max()
    if batch_size > 1 and most == len(keys):
        return
    sampler = DistinctSampler(keys, batch_size)
    assert sampler.num_batches == max(most, -(-len(keys) // batch_size))


def test_no_row_is_alone_where_another_is_left_to_be_with_it():
    assert DistinctSampler(list("aaaabcde"), 4).batch_sizes.tolist() == [2, 2, 2, 2]
    assert DistinctSampler(list("aaaabc"), 3).batch_sizes.tolist() == [2, 2, 1, 1]
    assert DistinctSampler(list("aab"), 1).batch_sizes.tolist() == [1, 1, 1]
    batches = Matches({"a": numbers(6), "b": numbers(6)}, 3, keys=list("aaaabc"))
    assert len(batches) == 2  # matches that are alone have no impostor: other two of the a's in each epoch
    left = {tuple({*range(6)} - {*batches.batch(epoch, 0)[1]} - {*batches.batch(epoch, 1)[1]}) for epoch in range(30)}
    assert len(left) == 6


def test_rows_without_a_shared_key_fill_all_batches_but_the_last():
    sampler = DistinctSampler(np.arange(23), 5)
    assert sampler.batch_sizes.tolist() == RowSampler(23, 5).batch_sizes.tolist() == [5, 5, 5, 5, 3]


def test_every_pair_that_may_meet_does_so_about_equally_often():
    keys = np.array([0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8])  # 12 rows in 4 batches of 3
    sampler, counts = DistinctSampler(keys, 3, seed=1), np.zeros((12, 12))
    for epoch in range(2000):
        for batch in batches_of(sampler, epoch):
            counts[np.ix_(batch, batch)] += 1
    may = (keys[:, None] != keys) & ~np.eye(12, dtype=bool)
    assert counts[~may & ~np.eye(12, dtype=bool)].sum() == 0
    assert counts[may].min() > 0.6 * counts[may].mean()
    assert counts[may].max() < 1.6 * counts[may].mean()


def test_every_row_comes_in_any_batch():
    sampler = DistinctSampler([0, 0, *range(1, 9)], 2)
    found = {
        (row, index) for epoch in range(300) for index, batch in enumerate(batches_of(sampler, epoch)) for row in batch
    }
    assert len(found) == 10 * 5


def test_epochs_and_seeds_differ():
    keys = np.arange(40) // 2
    draws = [DistinctSampler(keys, 8, seed=seed).draw(epoch).tobytes() for seed in (0, 1) for epoch in (0, 1, 2)]
    assert len(set(draws)) == 6


@pytest.mark.parametrize(
    "keys",
    [
        ["a", "b", "a", "c"],
        [["a", "x"], ["b", "y"], ["z", "a"], ["c", "w"]],
        [("a", "x"), ("b", "y"), ("a", "z"), ("c", "w")],
        pd.Series(["a", "b", "a", "c"]),
        pd.DataFrame({"question": ["a", "b", "c", "d"], "answer": ["x", "y", "a", "z"]}),
        np.array([7, 8, 7, 9]),
        np.array([[7.5, 1], [8, 2], [3, 7.5], [9, 4]]),
    ],
    ids=lambda keys: type(keys).__name__,
)
def test_kinds_of_keys(keys):
    sampler = DistinctSampler(keys, 2)
    assert sampler.num_batches == 2
    for epoch in range(20):
        assert all(len({0, 2} & set(batch)) == 1 for batch in batches_of(sampler, epoch))


def test_a_hundred_thousand_rows_with_a_frequent_key():
    random = np.random.default_rng(0)
    keys = np.column_stack([np.arange(100_000), 10**6 + random.integers(0, 30_000, 100_000)])
    keys[random.random(100_000) < 0.01, 1] = -5
    sampler = DistinctSampler(keys, 50)
    assert sampler.num_batches == 2_000
    order = sampler.draw(0).reshape(2_000, 50)
    taken = np.sort(keys[order].reshape(2_000, -1), axis=1)
    assert (np.diff(taken, axis=1) > 0).all()


def test_a_text_of_any_length_takes_its_own_space_only():
    sampler = DistinctSampler([["x" * 5_000_000, "a"], *([f"{n}", f"{n}."] for n in range(2_000))], 10)
    assert sampler.num_batches == 201


@pytest.mark.parametrize(
    ("keys", "batch_size", "message"),
    [
        (["a", "a", "a"], 2, r"each of the 3 rows shares a key with all others, so that every batch would be a single"),
        ([["a"], ["a", "b"]], 2, r"Received: lists of different lengths"),
        (np.zeros((2, 2, 2)), 2, r"or as many for each, `\(n, num_keys\)`. Received: shape \(2, 2, 2\)"),
        (["a", None, "b", None], 2, r"Received: 2 with one missing, in rows 1, 3. Fill them in"),
        ([[1.0, 2.0], [3.0, np.nan]], 2, r"Received: 1 with one missing, in row 1"),
        ([1, 2], 3, r"`batch_size` must not be more than 2, the number of rows"),
        ([], 1, r"`batch_size` must not be more than 0"),
    ],
)
def test_wrong_arguments(keys, batch_size, message):
    with pytest.raises(ValueError, match=message):
        DistinctSampler(keys, batch_size)
    with pytest.raises(IndexError, match=r"`index` must be from 0 to 1. Received: index=2"):
        DistinctSampler([1, 2], 1).batch(0, 2)


# Rows, and Matches with keys and negatives.

TRIPLES = np.array([[0, 1, 4], [2, 3, 5], [0, 4, 3], [6, 7, 8]])


def test_rows_of_items_with_their_anchors_as_labels():
    batches = Rows(ArrayItems(np.arange(9) * 10), TRIPLES, DistinctSampler(TRIPLES, 2), redraw=False)
    seen = []
    for views, codes in batches:
        assert len(views) == 3
        assert codes.dtype == np.int32
        seen += [tuple(row) for row in np.stack(views, axis=1) // 10]
        assert (batches.label_names[codes] == views[0] // 10).all()
    assert sorted(seen) == sorted(map(tuple, TRIPLES.tolist()))


def test_rows_with_labels_of_their_own():
    batches = Rows(ArrayItems(np.arange(9)), TRIPLES[:, :2], RowSampler(4, 4), labels=["x", "y", "x", "z"])
    (anchors, _), codes = batches[0]
    assert batches.label_names[codes].tolist() == [{0: "x", 2: "y", 6: "z"}[anchor] for anchor in anchors.tolist()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": [[0], [1]]}, "`rows` must hold 2 items or more each"),
        ({"rows": [0, 1]}, r"`rows` must be whole numbers, `\(n, k\)`. Received: int64 of shape \(2,\)"),
        ({"rows": [[0.5, 1.0]]}, r"Received: float64 of shape \(1, 2\)"),
        ({"rows": [[0, 9], [1, 2]]}, "`rows` must be positions of items, from 0 to 8. Received: 9 in row 0"),
        ({"rows": [[0, 1], [2, -1]]}, "Received: -1 in row 1. A -1 of `mine_hard_negatives` stands for no negative"),
        ({"sampler": RowSampler(3, 2)}, "`sampler` must be for the 4 rows. Received: one for 3. Make it of the same"),
        ({"labels": [1, 2]}, "one entry for each of the 4 items"),
    ],
)
def test_wrong_rows(arguments, message):
    with pytest.raises(ValueError, match=message):
        Rows(**{"items": ArrayItems(np.arange(9)), "rows": TRIPLES, "sampler": DistinctSampler(TRIPLES, 2)} | arguments)


def numbers(count: int, offset: int = 0) -> ArrayItems:
    return ArrayItems(np.arange(count) + offset)


def test_matches_that_share_a_key_never_meet():
    texts = np.array(list("abacadaeafgh"))
    batches = Matches({"image": numbers(12), "text": numbers(12, 100)}, 4, keys=texts)
    for epoch in range(10):
        drawn = [batches.batch(epoch, index) for index in range(len(batches))]
        for inputs, codes in drawn:
            np.testing.assert_array_equal(inputs["text"], inputs["image"] + 100)
            np.testing.assert_array_equal(inputs["image"], codes)
            assert len(set(texts[inputs["image"]])) == len(codes) > 1
    assert len(batches) == 5  # as many as a's


def test_matches_by_label_and_key_have_no_label_twice():
    labels = {"image": list("xyzxyz"), "text": list("zyx")}
    batches = Matches({"image": numbers(6), "text": numbers(3)}, 3, labels=labels, keys=labels["image"])
    for epoch in range(10):
        assert all(len(set(batches.batch(epoch, index)[1].tolist())) == 3 for index in range(len(batches)))


def test_hard_negatives_follow_the_matches():
    negatives = np.array([[8, 1], [9, 0], [8, 9], [6, 7]])
    batches = Matches({"question": numbers(4), "passage": numbers(10, 100)}, 2, negatives=negatives)
    for index in range(2):
        inputs, codes = batches.batch(3, index)
        rows = inputs["question"]
        assert (inputs["passage"] - 100).tolist() == [*rows, *negatives[rows, 0], *negatives[rows, 1]]
        np.testing.assert_array_equal(codes, inputs["passage"] - 100)
        assert codes.dtype == np.int32


def test_hard_negatives_have_their_labels():
    negatives = np.array([[1, 4], [3, 5], [0, 1], [5, 2]])
    items = {"question": numbers(4), "passage": numbers(6)}
    first = Matches(items, 4, labels={"question": ["x", "y", "x", "z"]}, negatives=negatives)
    inputs, codes = first[0]
    assert codes.tolist() == [[0, 1, 0, 2, 3, 4][item] for item in inputs["passage"]]
    both = Matches(items, 4, labels={"question": list("xyxz"), "passage": list("azyxcx")}, negatives=negatives)
    inputs, codes = both[0]
    names = np.array(list("azyxcx"))[inputs["passage"]]
    assert all(code == {"x": 0, "y": 1, "z": 2}.get(name, code) for code, name in zip(codes, names, strict=True))
    assert len(set(zip(codes.tolist(), names.tolist(), strict=True))) == len(set(codes)) == len(set(names))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keys": ["a", "b"]}, "`keys` must have one row for each of the 4 matches. Received: 2"),
        ({"keys": list("aaaa")}, "shares a key with all others"),
        ({"negatives": [[0], [1]]}, "`negatives` must have one row for each of the 4 matches. Received: 2"),
        ({"negatives": [[0], [3], [2], [-1]]}, "Received: -1 in row 3. A -1 of `mine_hard_negatives`"),
        ({"items": {"a": numbers(4), "b": numbers(5)}}, "Aligned roles must be of one length"),
        ({"items": {"a": numbers(6), "b": numbers(5)}, "negatives": [[0]] * 6}, "Aligned roles must be of one length"),
    ],
)
def test_wrong_matches(arguments, message):
    with pytest.raises(ValueError, match=message):
        Matches(**{"items": {"a": numbers(4), "b": numbers(4)}, "batch_size": 2} | arguments)
