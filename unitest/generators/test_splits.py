import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from comparators.generators import label_folds, split_by_label


@st.composite
def tables(draw) -> pd.DataFrame:
    sizes = draw(st.lists(st.integers(1, 5), min_size=4, max_size=30))
    labels = [f"label{number}" for number, size in enumerate(sizes) for _ in range(size)]
    table = pd.DataFrame({"path": [f"{row}.wav" for row in range(len(labels))], "label": labels})
    if draw(st.booleans()):
        table["corpus"] = table["label"].str[-1].isin(list("02468")).map({True: "even", False: "odd"})
    return table.sample(frac=1, random_state=draw(st.integers(0, 9)))


@settings(max_examples=25, deadline=None)
@given(tables(), st.floats(0.1, 0.5), st.integers(0, 5))
def test_split_is_disjoint_complete_and_seeded(table, fraction, seed):
    labels = table["label"].nunique()
    able = (table["label"].value_counts() >= 2).sum()
    assume(1 <= round(fraction * labels) <= able)
    train, held_out = split_by_label(table, fraction, seed=seed)
    assert not set(train["label"]) & set(held_out["label"])
    assert sorted([*train["path"], *held_out["path"]]) == sorted(table["path"])
    assert held_out["label"].nunique() == round(fraction * labels)
    assert held_out["label"].value_counts().min() >= 2
    assert list(held_out["path"]) == [path for path in table["path"] if path in set(held_out["path"])]
    pd.testing.assert_frame_equal(split_by_label(table, fraction, seed=seed)[1], held_out)
    reordered = split_by_label(table.iloc[::-1], fraction, seed=seed)[1]
    assert set(reordered["label"]) == set(held_out["label"])


def test_split_is_stratified_by_corpus():
    table = pd.DataFrame({"label": [f"{corpus}{k}" for corpus, n in (("a", 60), ("b", 20)) for k in range(n)] * 2})
    table["corpus"] = table["label"].str[0]
    held_out = split_by_label(table, 0.2)[1].drop_duplicates("label")
    assert held_out["corpus"].value_counts().to_dict() == {"a": 12, "b": 4}
    for _, fold in label_folds(table, 4):
        assert fold.drop_duplicates("label")["corpus"].value_counts().to_dict() == {"a": 15, "b": 5}


def test_seeds_differ():
    table = pd.DataFrame({"label": [f"{k}" for k in range(50)] * 2})
    assert set(split_by_label(table, 0.2, seed=0)[1]["label"]) != set(split_by_label(table, 0.2, seed=1)[1]["label"])


@settings(max_examples=25, deadline=None)
@given(tables(), st.integers(2, 4), st.integers(0, 5))
def test_each_label_is_held_out_once(table, num_folds, seed):
    folds = label_folds(table, num_folds, seed=seed)
    held = [label for _, held_out in folds for label in held_out["label"].unique()]
    assert sorted(held) == sorted(table["label"].unique())
    for train, held_out in folds:
        assert not set(train["label"]) & set(held_out["label"])
        assert len(train) + len(held_out) == len(table)
    sizes = [held_out["label"].nunique() for _, held_out in folds]
    assert max(sizes) - min(sizes) <= 1


def test_labels_with_few_items_stay_in_training():
    table = pd.DataFrame({"label": list("aabbccd")})
    for train, held_out in label_folds(table, 3, min_items=2):
        assert "d" in set(train["label"])
        assert "d" not in set(held_out["label"])


def test_errors():
    table = pd.DataFrame({"label": list("aabcde")})
    with pytest.raises(ValueError, match=r"2 of 5 labels were to be held out, of which 1 have at least 2 items"):
        split_by_label(table, 0.4)
    with pytest.raises(ValueError, match=r"`fraction` must lie between 0 and 1. Received: fraction=1.5"):
        split_by_label(table, 1.5)
    with pytest.raises(ValueError, match=r"`table` must have a column `label`. Received: path"):
        split_by_label(pd.DataFrame({"path": ["a"]}), 0.5)
    with pytest.raises(ValueError, match=r"`num_folds` must be at least 2. Received: num_folds=1"):
        label_folds(table, 1)
    with pytest.raises(ValueError, match=r"`num_folds` must not be more than the labels .*: 5. Received: num_folds=6"):
        label_folds(table, 6)
