"""Runs are compared by the right epoch, in a table and in a picture."""

import numpy as np
import pytest

from comparators.plots import compare_runs, run_curves


@pytest.fixture
def runs(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("epoch,val_eer\n0,0.5\n1,0.05\n2,NA\n")
    return {"a": {"val_eer": [0.4, 0.1, 0.1, 0.3]}, "b": {"val_eer": [0.2]}, "c": path, "d": {"val_eer": [np.nan] * 2}}


def test_table(runs):
    table = compare_runs(runs, "val_eer")
    assert table.index.tolist() == ["c", "a", "b", "d"]
    assert table["best"].tolist()[:3] == [0.05, 0.1, 0.2]
    assert table["best_epoch"].tolist() == [2, 2, 1, 0]
    assert table["epochs"].tolist() == [3, 4, 1, 2]
    assert table["last"].tolist()[1:3] == [0.3, 0.2]
    assert compare_runs(runs, "val_eer", mode="max").index.tolist() == ["c", "a", "b", "d"]
    assert compare_runs(runs, "val_eer", mode="max")["best_epoch"].tolist() == [1, 1, 1, 0]


def test_picture(runs):
    ax = run_curves(runs, "val_eer")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "c: 5.00 % in epoch 2",
        "a: 10.00 % in epoch 2",
        "b: 20.00 % in epoch 1",
        "d: no value",
    ]
    assert ax.get_ylabel() == "validation EER (%)"
    assert [line.get_ydata().tolist() for line in ax.lines[:2]] == [[50.0, 5.0], [5.0]]
    assert len(run_curves({f"run {i}": {"loss": [1.0, 2.0]} for i in range(60)}, "loss").lines) == 120


def test_bad_input(runs):
    with pytest.raises(ValueError, match="`runs` must hold at least one run"):
        compare_runs({})
    with pytest.raises(ValueError, match=r"Run 'a' must have a figure `val_loss`. Received: val_eer. Set `monitor`."):
        compare_runs(runs)
