import builtins

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from comparators.recognition.embedding_table import EmbeddingTable

SUFFIXES = [".npz", ".csv", ".parquet"]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(lambda text: text.strip())


def small_table(fingerprint="f1"):
    return EmbeddingTable(
        [[1, 0], [0, 1], [0, 3], [0.6, 0.8]],
        ["x/a.wav", "y/a.wav", 'b, "c".wav', "d.wav"],
        ["ann", "007", "007", "NA"],
        fingerprint,
        {
            "seconds": [1.5, 2.0, np.nan, 0.1],
            "channel": [0, 1, 0, 1],
            "text": ["a", "02", "c", "-"],
            "seen": [True, False] * 2,
        },
    )


def assert_same(a, b):
    np.testing.assert_array_equal(a.vectors, b.vectors)
    assert a.vectors.dtype == b.vectors.dtype == np.float32
    assert a.ids.tolist() == b.ids.tolist()
    assert (a.labels is None) == (b.labels is None)
    if a.labels is not None:
        assert a.labels.tolist() == b.labels.tolist()
        assert a.labels.dtype.kind == b.labels.dtype.kind
    assert a.fingerprint == b.fingerprint
    pd.testing.assert_frame_equal(a.metadata, b.metadata)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_keep_everything(tmp_path, suffix):
    table = small_table()
    table.save(tmp_path / f"table{suffix}")
    assert_same(EmbeddingTable.load(tmp_path / f"table{suffix}"), table)
    assert [path.name for path in tmp_path.iterdir()] == [f"table{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_table_comes_back_exactly(tmp_path_factory, suffix, data):
    vectors = data.draw(
        hnp.arrays(
            np.float32,
            hnp.array_shapes(min_dims=2, max_dims=2, max_side=4),
            elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
        )
    )
    n = len(vectors)
    ids = data.draw(st.lists(TEXT, min_size=n, max_size=n, unique=True))
    label = st.one_of(
        st.none(), st.lists(TEXT, min_size=n, max_size=n), st.lists(st.integers(-9, 9), min_size=n, max_size=n)
    )
    metadata = {"text": data.draw(st.lists(TEXT, min_size=n, max_size=n))}
    table = EmbeddingTable(vectors, ids, data.draw(label), data.draw(st.one_of(st.none(), TEXT)), metadata)
    path = tmp_path_factory.mktemp("table") / f"table{suffix}"
    table.save(path)
    assert_same(EmbeddingTable.load(path), table)


def test_a_csv_of_others_is_read(tmp_path):
    (tmp_path / "t.csv").write_text("id,label,embedding_0,embedding_1\n1.wav,ann,0.5,1\n2.wav,bob,2,3\n")
    table = EmbeddingTable.load(tmp_path / "t.csv")
    assert table.labels.tolist() == ["ann", "bob"]
    assert table.vectors.tolist() == [[0.5, 1], [2, 3]]


def test_an_error_while_saving_leaves_the_old_file(tmp_path, monkeypatch):
    small_table().save(tmp_path / "table.npz")

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        small_table("f2").save(tmp_path / "table.npz")
    assert_same(EmbeddingTable.load(tmp_path / "table.npz"), small_table())
    assert len(list(tmp_path.iterdir())) == 1


def test_rows_by_mask_slice_number_and_id():
    table = small_table()
    assert table[table.labels == "007"].ids.tolist() == ["y/a.wav", 'b, "c".wav']
    assert table[1:3].metadata["text"].tolist() == ["02", "c"]
    assert table[[3, 0]].labels.tolist() == ["NA", "ann"]
    assert table[["d.wav", "x/a.wav"]].vectors[1].tolist() == [1, 0]
    assert table[[3]].fingerprint == "f1"
    assert len(table[[]]) == 0
    assert repr(table) == "EmbeddingTable(4 rows of 2, 3 labels, fingerprint='f1')"


def test_concatenate():
    table = small_table()
    assert_same(table[:1].concatenate(table[1:]), table)
    with pytest.raises(ValueError, match=r"two models cannot be compared\. Received: fingerprints 'f1' and 'f2'"):
        table.concatenate(small_table("f2"))
    with pytest.raises(ValueError, match=r"one dimension\. Received: 2 and 3"):
        table.concatenate(EmbeddingTable([[1, 2, 3]], ["z"], ["ann"], "f1"))
    with pytest.raises(ValueError, match=r"one with labels and one without"):
        table.concatenate(EmbeddingTable([[1, 2]], ["z"], None, "f1"))
    with pytest.raises(ValueError, match="No two rows may have one id"):
        table.concatenate(table)
    with pytest.raises(TypeError, match="all strings or all whole numbers"):
        table.concatenate(EmbeddingTable([[1, 2]], ["z"], [7], "f1"))


def test_by_label_is_the_plain_loop():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, size=40)
    table = EmbeddingTable(rng.normal(size=(40, 6)), np.arange(40).astype(str), labels, "f1")
    means, medoids = table.by_label(), table.by_label("medoid")
    assert means.labels.tolist() == medoids.labels.tolist() == list(range(5))
    assert means.fingerprint == "f1"
    for row, label in enumerate(range(5)):
        vectors = table.vectors[labels == label].astype(np.float64)
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        mean = units.mean(axis=0)
        np.testing.assert_allclose(means.vectors[row], mean / np.linalg.norm(mean), atol=1e-6)
        np.testing.assert_array_equal(
            medoids.vectors[row], table.vectors[labels == label][(units @ units.T).sum(0).argmax()]
        )
        assert means.metadata["num_items"][row] == len(vectors)
    assert table[medoids.metadata["medoid_id"]].vectors.tolist() == medoids.vectors.tolist()


def test_a_table_does_not_change_with_the_arrays_it_was_made_of():
    vectors = np.eye(2, dtype=np.float32)
    table = EmbeddingTable(vectors, ["a", "b"])
    vectors[:] = 5
    assert table.vectors.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[np.nan, 1]], ["a"]), "must be finite. Received: NaN or infinity in 1 of 1 rows"),
        (([1, 2], ["a"]), r"one row an item, `\(n, dim\)`. Received: shape \(2,\)"),
        (([[1], [2]], ["a", "a"]), "No two rows may have one id. Received: 'a' 2 times. .* use their paths"),
        (([[1]], [""]), "An id must not be empty"),
        (([[1]], [None]), "An id must not be missing"),
        (([[1]], ["a", "b"]), r"`ids` must be one for each of the 1 rows. Received: shape \(2,\)"),
        (([[1]], ["a"], [""]), "A label must not be empty"),
        (([[1]], ["a"], ["x", "y"]), "`labels` must be one for each of the 1 items"),
        (([[1]], ["a"], None, None, {"x": [1, 2]}), "`metadata` must have one row for each of the 1 rows. Received: 2"),
        (([[1]], ["a"], None, None, {"label": [1]}), "nor one named id, label, fingerprint .* Received: label"),
    ],
)
def test_messages(arguments, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingTable(*arguments)


def test_messages_of_methods(tmp_path):
    table = small_table()
    with pytest.raises(KeyError, match=r"1 of 2 ids are not in the table\. Received: 'no'"):
        table[["d.wav", "no"]]
    with pytest.raises(ValueError, match="A mask must have one value for each of the 4 rows"):
        table[np.array([True])]
    with pytest.raises(ValueError, match=r"A single row is `table\[\[row\]\]`"):
        table[0]
    with pytest.raises(ValueError, match='`method` must be "mean" or "medoid"'):
        table.by_label("median")
    with pytest.raises(ValueError, match="One row a label needs labels"):
        EmbeddingTable([[1]], ["a"]).by_label()
    with pytest.raises(ValueError, match=r"ending in \.npz, \.csv, \.parquet\. Received: .*table\.h5"):
        table.save(tmp_path / "table.h5")
    with pytest.raises(FileNotFoundError, match=r"There is no table of embeddings .*none\.npz"):
        EmbeddingTable.load(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError, match=r"The folder .*nowhere does not exist"):
        table.save(tmp_path / "nowhere" / "table.npz")
    with pytest.raises(ValueError, match=r"metadata` must hold texts and numbers. Received: list in column 'x'"):
        EmbeddingTable([[1]], ["a"], metadata={"x": [[1]]}).save(tmp_path / "t.npz")
    for suffix in SUFFIXES:
        (tmp_path / f"bad{suffix}").write_bytes(b"not a table")
        with pytest.raises(ValueError, match="This is not a whole table of embeddings"):
            EmbeddingTable.load(tmp_path / f"bad{suffix}")


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(name, *arguments, **keywords):
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'comparators\[parquet\]'"):
        small_table().save(tmp_path / "table.parquet")
