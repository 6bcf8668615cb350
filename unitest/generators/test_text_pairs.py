"""Pairs of texts and lists of texts: what is read, and what is wrong with a file."""

import gzip

import numpy as np
import pandas as pd
import pytest

from comparators.generators import PairTable, read_text_pairs, read_texts

STS = """split,score,sentence1,sentence2
train,5,"A dog, running.",A dog runs.
train,2.5,A dog runs.,"The ""sea"".
At night."
test,0,NA,007
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="pairs.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    return write


def test_distinct_texts_come_once_with_their_pairs(write):
    texts, pairs = read_text_pairs(write(STS))
    assert texts == ["A dog, running.", "A dog runs.", "NA", 'The "sea".\nAt night.', "007"]
    assert pairs[["item_a", "item_b"]].to_numpy().tolist() == [[0, 1], [1, 3], [2, 4]]
    assert pairs["same"].tolist() == [5.0, 2.5, 0.0]
    assert pairs["same"].dtype == np.float32
    assert list(pairs.columns) == ["item_a", "item_b", "same", "split"]


def test_a_split_has_its_own_texts_and_scores_are_divided(write):
    texts, pairs = read_text_pairs(write(STS), split="train", largest_score=5)
    assert len(texts) == 3
    assert pairs["same"].tolist() == [1.0, 0.5]
    assert pairs.index.tolist() == [0, 1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("name", ["pairs.csv", "pairs.tsv", "pairs.csv.gz"])
def test_kinds_of_files(write, name, encoding):
    text = "sentence1,sentence2,score\r\n狗 🐕,犬,1\r\n".replace(",", "\t" if "tsv" in name else ",")
    data = text.encode(encoding)
    texts, pairs = read_text_pairs(write(gzip.compress(data) if "gz" in name else data, name))
    assert texts == ["狗 🐕", "犬"]
    assert pairs["same"].tolist() == [1.0]


def test_a_data_frame_with_names_of_its_own(write):
    table = pd.DataFrame({"q": ["a", "b"], "p": ["b", 7], "same": [True, False], "item_a": ["x", "y"]}, index=[5, 9])
    texts, pairs = read_text_pairs(table, ("q", "p"), "same")
    assert texts == ["a", "b", "7"]
    assert pairs.to_dict("list") == {"item_a": [0, 1], "item_b": [1, 2], "same": [1, 0], "item_a_of_source": ["x", "y"]}
    _, pairs = read_text_pairs(table, ("q", "p"), score_column=None)
    assert pairs["same"].tolist() == [1.0, 1.0]
    _, pairs = read_text_pairs(table.assign(same=["yes", "No"]), ("q", "p"), "same")
    assert pairs["same"].tolist() == [1.0, 0.0]


def test_pairs_go_into_a_pair_table(write):
    from comparators.generators import ArrayItems

    texts, pairs = read_text_pairs(write(STS))
    (a, b), same = PairTable(ArrayItems(np.arange(len(texts))), pairs, batch_size=3)[0]
    assert sorted(zip(a.tolist(), b.tolist(), same.tolist(), strict=True)) == [(0, 1, 5.0), (1, 3, 2.5), (2, 4, 0.0)]


def test_a_text_of_ten_megabytes(write):
    long = "long " * 2_000_000
    texts, _ = read_text_pairs(write(f"sentence1,sentence2,score\n{long},short,1\n"))
    assert texts == [long, "short"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"Empty table of texts: '.*pairs.csv' \(0 bytes\)"),
        ("sentence1,sentence2,score\n", r"No rows in '.*pairs.csv'. Add a row for each pair"),
        ("a,sentence2,score\nx,y,1\n", r"No column `sentence1` in '.*'. Its columns: a, sentence2, score. Rename"),
        (
            "sentence1,sentence2\nx,y\n",
            r"No column `score` in .* Its columns: sentence1, sentence2. Name another, or None",
        ),
        (
            "sentence1,sentence2,score\nx,,1\nx,y,1\nx,  ,1\n",
            r"Empty `sentence2` in 2 rows of '.*pairs.csv': rows 2, 4. Fill in what is missing, or remove the rows",
        ),
        (
            "sentence1,sentence2,score\nx,,1\n,y,1\n",
            r"Empty `sentence1` in 1 row of .*: row 3. Empty `sentence2` in 1 row of .*: row 2. Fill in",
        ),
        (
            "sentence1,sentence2,score\nx,y,high\nx,y,1\nx,y,\n",
            r"`score` must be a number. Received: 'high' in rows 2, 4 of .*, 2 such in all. Correct or remove",
        ),
        ("sentence1,sentence2,score\nx,y,nan\n", r"Received: 'nan' in row 2"),
        ("sentence1,sentence2,score\nx,y,inf\n", r"Received: 'inf' in row 2"),
        ("sentence1,sentence2,score\nwell, x,y,1\n", r"Not a table of texts: .*texts with commas .* in double quotes"),
        ("sentence1,sentence2,score\nx,y,1\nwell, x,y,1\n", r"Not a table of texts: .*line 3.*in double quotes"),
    ],
)
def test_unreadable_tables(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_text_pairs(write(text))


def test_other_bad_input(write, tmp_path):
    with pytest.raises(ValueError, match=r"Not UTF-8: '.*pairs.csv' \(byte 0xe9, .*\). Save it as UTF-8"):
        read_text_pairs(write("sentence1,sentence2,score\ncafé,y,1\n", encoding="latin-1"))
    with pytest.raises(FileNotFoundError, match=r"No such table of texts: '.*gone.csv'"):
        read_text_pairs(tmp_path / "gone.csv")
    with pytest.raises(TypeError, match=r"must be a CSV file or a data frame. Received: list"):
        read_text_pairs([("a", "b")])
    with pytest.raises(ValueError, match=r"No row of split 'dev' in .* Its splits: test, train"):
        read_text_pairs(write(STS), split="dev")
    with pytest.raises(ValueError, match=r"No column `split`"):
        read_text_pairs(pd.DataFrame({"sentence1": ["a"], "sentence2": ["b"], "score": [1]}), split="dev")
    with pytest.raises(ValueError, match=r"`score` must be from 0 to 4. Received: '5' in row 2 of .*, 1 such in all"):
        read_text_pairs(write(STS), largest_score=4)
    with pytest.raises(ValueError, match=r"`largest_score` must be positive. Received: largest_score=0"):
        read_text_pairs(write(STS), largest_score=0)
    rows = STS.replace("test,0,NA,007", "test,0,NA,\ntest,0,,x")
    with pytest.raises(ValueError, match=r"Empty `sentence1` in 1 row of .*: row 5"):
        read_text_pairs(write(rows), split="test")
    table = pd.DataFrame({"sentence1": ["a", None], "sentence2": ["b", "c"], "score": [1, 2]})
    with pytest.raises(ValueError, match=r"Empty `sentence1` in 1 row of the data frame: row 1"):
        read_text_pairs(table)


def test_the_sts_benchmark(data_folder):
    texts, pairs = read_text_pairs(data_folder / "stsb_clean" / "manifest.csv", split="test", largest_score=5)
    assert len(pairs) == 625
    assert len(set(texts)) == len(texts) <= 1250
    assert pairs["same"].between(0, 1).all()


def test_lines_and_columns_are_read_alike(write):
    expected = ["sun, sea", "NA", "犬\u2028x"]
    assert read_texts(write("sun, sea\n\nNA \r\n  \n犬\u2028x", "texts.txt")) == expected
    assert read_texts(write("sun, sea\nNA\n犬\u2028x\n", "texts", encoding="utf-8-sig")) == expected
    assert read_texts(write('text,label\n"sun, sea",1\nNA,2\n犬\u2028x,3\n', "texts.csv", "utf-8-sig")) == expected
    assert read_texts(write("line\nsun\n", "lines.csv"), text_column="line") == ["sun"]


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "texts.txt", r"Empty text file: '.*texts.txt' \(0 bytes\)"),
        (b"\n \n", "texts.txt", r"No text in '.*texts.txt'. Write one on each line"),
        (b"text\n", "texts.csv", r"No text in '.*texts.csv'"),
        (b"caf\xe9\n", "texts.txt", r"Not UTF-8: '.*texts.txt' \(byte 0xe9"),
        (b"text\ncaf\xe9\n", "texts.csv", r"Not UTF-8: '.*texts.csv'"),
        (b"line\nsun\n", "texts.csv", r"No column `text` in '.*texts.csv'. Its columns: line"),
        (b'text,n\nsun,1\n"",2\n,3\n', "texts.csv", r"Empty `text` in 2 rows of '.*texts.csv': rows 3, 4"),
    ],
)
def test_unreadable_texts(write, data, name, message):
    with pytest.raises(ValueError, match=message):
        read_texts(write(data, name))


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such text file: '.*gone.txt'"):
        read_texts(tmp_path / "gone.txt")
    with pytest.raises(ValueError, match="A folder was given"):
        read_texts(tmp_path)
