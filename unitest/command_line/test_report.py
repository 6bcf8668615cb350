"""How commands speak."""

import json

import numpy as np

from comparators.command_line.report import print_json, text_table


def test_json_holds_numpy_values_and_null_for_what_is_not_finite(capsys):
    document = {"a": np.float32(0.5), "b": np.array([1, 2]), "c": float("nan"), "d": (np.inf, None, True), 3: "é"}
    print_json(document)
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": 0.5, "b": [1, 2], "c": None, "d": [None, None, True], "3": "é"}
    assert out.isascii()


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_stand_at_the_right():
    lines = text_table(["name", "n"], [["a", 1], ["a long name", 1000]]).splitlines()
    assert lines == ["name            n", "a               1", "a long name  1000"]


def test_a_table_without_rows_has_its_names():
    assert text_table(["name", "score"], []) == "name  score"
