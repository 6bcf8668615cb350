"""Curves of a training: each figure in the panel of its kind, shares in percent, whatever the history comes from."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from comparators.plots import history, read_history
from comparators.plots.training_history import best_is_highest, name_and_scale

FIGURES = {
    "loss": [3.0, 2.0, 1.0],
    "learning_rate": [0.1, 0.01, 0.001],
    "val_loss": [3.5, 2.5, 1.5],
    "val_seen_eer": [0.3, np.nan, 0.1],
    "val_unseen_eer": [0.4, 0.3, 0.2],
    "val_ami": [0.1, 0.2, 0.3],
}


def test_panels_and_curves():
    panels = {panel.get_title(): panel for panel in history(FIGURES).child_axes}
    assert list(panels) == ["loss", "EER (%)", "AMI", "learning rate"]
    names = [text.get_text() for text in panels["EER (%)"].get_legend().get_texts()]
    assert names == ["validation, seen labels", "validation, unseen labels"]
    seen, unseen = panels["EER (%)"].lines
    assert (seen.get_xdata().tolist(), seen.get_ydata().tolist()) == ([1, 3], [30.0, 10.0])
    assert unseen.get_ydata().tolist() == [40.0, 30.0, 20.0]
    assert [line.get_ydata().tolist() for line in panels["loss"].lines] == [FIGURES["loss"], FIGURES["val_loss"]]
    assert panels["learning rate"].get_yscale() == "log"


@pytest.mark.parametrize("num_kinds", [1, 2, 4, 7])
def test_panels_do_not_overlap(num_kinds):
    ax = history({f"kind_{i}": [1.0] for i in range(num_kinds)})
    ax.figure.draw_without_rendering()
    boxes = [panel.get_tightbbox() for panel in ax.child_axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_in_the_callers_axes():
    figure, axes = plt.subplots(1, 2, figsize=(12, 4))
    assert history(FIGURES, ax=axes[1]) is axes[1]
    assert figure.axes[0].child_axes == []


def test_histories_of_keras_and_of_csv_files(tmp_path):
    keras_history = SimpleNamespace(history={"loss": [2.0, 1.0]}, epoch=[5, 6])
    assert read_history(keras_history)["loss"].to_dict() == {6: 2.0, 7: 1.0}
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_eer,val_loss\n0,2.0,NA,NA\n1,1.0,0.5,NA\n")
    table = read_history(path)
    assert list(table) == ["loss", "val_eer"]
    assert table.index.tolist() == [1, 2]
    assert np.isnan(table.loc[1, "val_eer"])
    assert len(history(path).child_axes) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a CSV file"),
        ("step,loss\n0,1\n", r"must have a column `epoch`. Received: step, loss. `CSVLogger` writes"),
        ("epoch,loss\n", "must hold at least one epoch"),
        ("epoch,loss\n0,low\n", "must hold numbers"),
        ("epoch,loss\n0,1\n1,2\n0,3\n", r"each epoch once. Received: epochs \[1, 2, 1\]. It may hold several runs"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_history(path)


def test_bad_histories(tmp_path):
    with pytest.raises(ValueError, match=r"Received: 2 of loss, 1 of val_loss. Fill in NaN"):
        read_history({"loss": [2.0, 1.0], "val_loss": [1.0]})
    for empty in ({}, {"loss": []}):
        with pytest.raises(ValueError, match="at least one epoch"):
            read_history(empty)
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        read_history(tmp_path / "missing.csv")


def test_units():
    assert name_and_scale("val_unseen_precision_at_1", np.array([0.5])) == ("validation unseen precision at 1 (%)", 100)
    assert name_and_scale("accuracy", np.array([0.5, 97.0])) == ("accuracy", 1)
    assert name_and_scale("mean_absolute_error", np.array([0.5])) == ("mean absolute error", 1)


def test_what_is_best():
    better = ("val_map_at_r", "accuracy", "val_bcubed_f1", "val_seen_auc", "cosine_similarity")
    worse = ("loss", "val_unseen_eer", "mean_squared_error", "binary_crossentropy")
    assert [best_is_highest(name) for name in better + worse] == [True] * len(better) + [False] * len(worse)
    assert best_is_highest("loss", "max")
    for name, mode in (("temperature", None), ("loss", "auto")):
        with pytest.raises(ValueError, match=rf"`mode` must be 'min' or 'max' for '{name}'. Received: mode="):
            best_is_highest(name, mode)
