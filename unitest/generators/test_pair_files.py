import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from comparators.generators import read_pair_table


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in "uvwxyz":
        (tmp_path / f"{name}.png").touch()
    return tmp_path


def write(folder: Path, text: str) -> Path:
    (folder / "pairs.csv").write_text(text)
    return folder / "pairs.csv"


def test_paths_are_relative_to_the_table_and_each_file_is_listed_once(folder):
    files, pairs = read_pair_table(write(folder, "path_a,path_b,same\nu.png,v.png,1\nw.png,u.png,0\nv.png,./u.png,1\n"))
    assert sorted(files["path"]) == [str(folder / f"{name}.png") for name in "uvw"]
    names = files["path"].map(lambda path: Path(path).stem).to_numpy()
    assert names[pairs["item_a"]].tolist() == ["u", "w", "v"]
    assert names[pairs["item_b"]].tolist() == ["v", "u", "u"]
    assert pairs["same"].tolist() == [1.0, 0.0, 1.0]
    assert pairs["same"].dtype == np.float32


@pytest.mark.parametrize(
    "values",
    [[1, 0], ["true", "False"], ["yes", "no"], [" Yes ", "NO"], [True, False], [1.0, 0.0], ["1", "0"]],
    ids=str,
)
def test_ways_to_say_same(folder, values):
    table = pd.DataFrame({"path_a": folder / "u.png", "path_b": folder / "v.png", "same": values})
    assert read_pair_table(table)[1]["same"].tolist() == [1.0, 0.0]
    table.to_csv(folder / "pairs.csv", index=False)
    assert read_pair_table(folder / "pairs.csv")[1]["same"].tolist() == [1.0, 0.0]


def test_scores_and_other_columns(folder):
    files, pairs = read_pair_table(
        write(folder, "split,path_a,path_b,score\ntrain,u.png,v.png,4.5\ntest,u.png,w.png,-1\n")
    )
    assert len(files) == 3
    assert pairs["same"].tolist() == [4.5, -1.0]
    assert pairs["split"].tolist() == ["train", "test"]
    assert list(pairs.columns) == ["item_a", "item_b", "same", "split"]


def test_columns_of_the_source_with_names_of_ours(folder):
    table = pd.DataFrame({"path_a": [folder / "u.png"], "path_b": [folder / "v.png"], "same": [1], "item_a": ["ann"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pairs = read_pair_table(table)
    assert pairs.to_dict("list") == {"item_a": [0], "item_b": [1], "same": [1.0], "item_a_of_source": ["ann"]}


def test_parts_of_recordings(folder):
    text = "path_a,start_a,end_a,path_b,start_b,same\nu.png,0,1,u.png,2,1\nu.png,0,1,v.png,,0\n"
    files, pairs = read_pair_table(write(folder, text))
    assert files[["start", "end"]].fillna(-1).to_numpy().tolist() == [[0, 1], [2, -1], [-1, -1]]
    assert pairs[["item_a", "item_b"]].to_numpy().tolist() == [[0, 1], [0, 2]]


def test_missing_files_are_counted_and_the_first_named(folder):
    text = "path_a,path_b,same\nu.png,gone.png,1\nu.png,v.png,0\naway.png,gone.png,0\nlost.png,lost2.png,0\n"
    message = (
        rf"4 of 6 files of '{re.escape(str(folder))}/pairs.csv' are missing, in rows 2, 4, 5: '.*/away.png', "
        r"'.*/lost.png', '.*/gone.png' \.\.\.\. Paths are relative to the folder of the table. Correct them or remove"
    )
    with pytest.raises(FileNotFoundError, match=message):
        read_pair_table(write(folder, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,path_b,same\nu.png,v.png,1\n",
            r"No column `path_a` in '.*pairs.csv'. Its columns: a, path_b, same. Rename",
        ),
        (
            "path_a,path_b,label\nu.png,v.png,1\n",
            r"No column `same` or `score` in .*label. Add `same`, 1 or 0 for each",
        ),
        ("path_a,path_b,same\nu.png,v.png,maybe\n", r"`same` must be 1 or 0, .*Received: 'maybe' in row 2 of '.*pairs"),
        ("path_a,path_b,same\nu.png,v.png,1\nu.png,v.png,\n", r"Received: '' in row 3 of .* Correct or remove it"),
        ("path_a,path_b,score\nu.png,v.png,high\nu.png,v.png,\n", r"a finite number. Received: 'high' in rows 2, 3 of"),
        ("path_a,path_b,same\nu.png,,1\n", r"Empty `path_b` in row 2 of '.*pairs.csv'. Fill it in or remove the row"),
        (
            "path_a,path_b,start_a,same\nu.png,v.png,soon,1\n",
            r"`start_a` must be a number. Received: 'soon' in row 2 of",
        ),
        ("path_a,path_b,same\n", r"No rows in '.*pairs.csv'. Add a row for each pair"),
        ("", r"Not a CSV file: '.*pairs.csv'"),
    ],
)
def test_unreadable_tables(folder, text, message):
    with pytest.raises(ValueError, match=message):
        read_pair_table(write(folder, text))


def test_no_table(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such table of pairs: '.*gone.csv'. Check the path"):
        read_pair_table(tmp_path / "gone.csv")
    with pytest.raises(TypeError, match=r"`source` must be a CSV file or a data frame. Received: list"):
        read_pair_table(["a.csv"])
