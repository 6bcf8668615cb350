"""Labels of a data set and targets of items with several."""

import numpy as np
import pytest

from comparators.generators import LabelTable


def written(tmp_path, text):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return path


def test_a_table_is_read_in_the_order_of_its_index(tmp_path):
    table = LabelTable.read(written(tmp_path, 'index,mid,display_name\n1,/m/b,"Bark, loud"\n0,/m/a,NA\n'))
    assert table.labels == ["/m/a", "/m/b"]
    assert table.display_names == ["NA", "Bark, loud"]
    targets = table.targets(["/m/b", "", "/m/a, /m/b,/m/b"])
    np.testing.assert_array_equal(targets, [[0, 1], [0, 0], [1, 1]])
    assert targets.dtype == np.float32


def test_missing_labels_are_named(tmp_path):
    table = LabelTable.read(written(tmp_path, "index,mid,display_name\n0,/m/a,A\n"))
    with pytest.raises(ValueError, match=r"2 labels are not in the table of 1: '/m/x', '/m/y', in rows 1, 2 of"):
        table.targets(["/m/a", "/m/a,/m/y", "/m/x"])


def test_a_table_can_be_made_of_the_labels():
    assert LabelTable.of(["dog,cat", "cow", ""]).labels == ["cat", "cow", "dog"]


def test_a_label_in_a_list_may_have_a_comma():
    table = LabelTable.of([["door, wood knock"], ["rain", "door, wood knock"], []])
    assert table.labels == ["door, wood knock", "rain"]
    np.testing.assert_array_equal(table.targets([["door, wood knock"], "rain"]), np.eye(2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index,mid\n0,/m/a\n", "without display_name"),
        ("index,mid,display_name\n0,/m/a,A\n2,/m/b,B\n", "0 to 1, each once. Received: 2 in row 3"),
        ("index,mid,display_name\n0,/m/a,A\n0,/m/b,B\n", "in row 3"),
        ("index,mid,display_name\n0,/m/a,A\n1,/m/a,B\n", r"more than once: /m/a\. Correct .*labels\.csv"),
        ("index,mid,display_name\n", r"at least one.*labels\.csv"),
        ("", "Not a CSV file"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        LabelTable.read(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        LabelTable.read(tmp_path / "gone.csv")
