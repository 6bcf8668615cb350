"""Tables of matches."""

import pandas as pd

from comparators.command_line.item_kinds import WORDS
from comparators.command_line.match_sources import read_items, read_matches
from comparators.command_line.match_table import MatchTable

PICTURES = {"image": "image", "audio": "audio"}


def table_of(*rows: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["image", "audio", "label"][: len(rows[0])])


def test_matches_that_share_a_file_belong_together():
    table = MatchTable(table_of(("a", "1"), ("b", "2"), ("a", "3"), ("c", "2"), ("d", "4")), PICTURES)
    assert table.items["image"]["path"].tolist() == ["a", "b", "c", "d"]
    assert table.rows["audio"].tolist() == [0, 1, 2, 1, 3]
    groups = table.groups()
    assert groups[0] == groups[2] != groups[1] == groups[3]
    assert len(set(groups)) == 3
    assert table.groups_of("image").tolist() == groups[[0, 1, 3, 4]].tolist()
    assert table.pieces().tolist() == groups.tolist()


def test_labels_are_groups_but_no_pieces():
    table = MatchTable(table_of(("a", "1", "x"), ("b", "2", "y"), ("c", "3", "x")), PICTURES)
    assert table.groups().tolist() == ["x", "y", "x"]
    assert len(set(table.pieces())) == len(set(table.groups(by_label=False))) == 3
    assert table.select(table.table["label"] == "x").items["audio"]["path"].tolist() == ["1", "3"]


def test_parts_of_one_recording_are_several_items():
    rows = pd.DataFrame({"image": ["a", "b", "c"], "audio": ["1", "1", "1"], "start": [0.0, 2.0, None]})
    assert len(MatchTable(rows, PICTURES).items["audio"]) == 3


def test_words_are_labels_and_columns_have_other_names(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("path,animal,split\na.wav,007,x\nsub/../b.wav,NA,x\nc.wav,NA,y\n")
    roles = {"audio": "audio", "word": WORDS}
    table = read_matches([str(path)], roles, label_column="animal", split="x")
    assert table.items["word"]["word"].tolist() == table.groups().tolist() == ["007", "NA"]
    assert table.items["audio"]["path"].tolist() == [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    assert len(set(table.pieces())) == 2
    assert read_items([str(path)], "audio", "audio", "animal")["label"].tolist() == ["007", "NA", "NA"]
    assert len(read_matches([str(path), str(path)], roles, "animal")) == 6
