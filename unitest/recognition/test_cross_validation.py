"""Cross-validation: the test fold is never shown, validation lies within the others, finished folds are kept."""

import json

import numpy as np
import pytest

from comparators.recognition import cross_validate
from comparators.recognition.cross_validation import validation_split

LABELS = np.array(["dog", "rain", "sea"] * 20)
FOLDS = np.repeat([1, 2, 10], 20)


class Recorder:
    """Answers "dog", and remembers what it was given."""

    def __init__(self, fail_at: int | None = None):
        self.calls, self.tested, self.fail_at = [], [], fail_at

    def __call__(self, train, validation):
        if len(self.calls) == self.fail_at:
            raise KeyboardInterrupt
        self.calls.append((train, validation))

        def predict(rows):
            self.tested.append(rows)
            return ["dog"] * len(rows)

        return predict


def test_what_is_shown():
    fit = Recorder()
    found = cross_validate(fit, LABELS, FOLDS, validation_fraction=0.2)
    assert found.measures["fold"].tolist() == ["1", "2", "10"]
    for (train, validation), tested, name in zip(fit.calls, fit.tested, (1, 2, 10), strict=True):
        np.testing.assert_array_equal(tested, np.flatnonzero(name == FOLDS))
        shown = np.concatenate([train, validation])
        assert not (FOLDS[shown] == name).any()
        assert sorted(shown) == np.flatnonzero(name != FOLDS).tolist()
        assert 0.1 < len(validation) / len(shown) < 0.3
        assert set(LABELS[validation]) == {"dog", "rain", "sea"}


def test_measures():
    found = cross_validate(Recorder(), LABELS, FOLDS)
    accuracies = [np.mean(LABELS[name == FOLDS] == "dog") for name in (1, 2, 10)]
    np.testing.assert_allclose(found.measures["accuracy"], accuracies)
    summary = found.summary.set_index("measure")
    np.testing.assert_allclose(summary.loc["accuracy"], [np.mean(accuracies), np.std(accuracies)])


def test_no_validation_items_where_none_are_asked_for():
    fit = Recorder()
    cross_validate(fit, LABELS, FOLDS, validation_fraction=0.0)
    assert all(len(validation) == 0 for _, validation in fit.calls)


def test_recordings_stay_together():
    rows = np.arange(60)
    recordings = rows // 4
    train, validation = validation_split(rows, LABELS, recordings, 0.3, seed=1)
    assert len(validation)
    assert not set(recordings[train]) & set(recordings[validation])
    labels = np.repeat(["a", "b"], 30)
    train, validation = validation_split(rows, labels, rows // 3, 0.3)
    assert len(train) == 42
    assert len(validation) == 18


def test_goes_on_after_the_last_finished_fold(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cross_validate(Recorder(fail_at=2), LABELS, FOLDS, folder=tmp_path, settings="a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fold_1.csv", "fold_2.csv", "settings.json"]
    fit = Recorder()
    resumed = cross_validate(fit, LABELS, FOLDS, folder=tmp_path, settings="a")
    assert len(fit.calls) == 1
    whole = cross_validate(Recorder(), LABELS, FOLDS)
    assert resumed.predictions.equals(whole.predictions)
    assert {"predictions.csv", "measures.csv", "summary.csv"} <= {path.name for path in tmp_path.iterdir()}


def test_results_of_other_settings_or_data_are_refused(tmp_path):
    cross_validate(Recorder(), LABELS, FOLDS, folder=tmp_path, settings="a")
    with pytest.raises(
        ValueError, match=r"another settings: settings='a'. Received: settings='b'. Name another folder"
    ):
        cross_validate(Recorder(), LABELS, FOLDS, folder=tmp_path, settings="b")
    with pytest.raises(ValueError, match=r"results of another items"):
        cross_validate(Recorder(), LABELS[::-1], FOLDS, folder=tmp_path, settings="a")
    assert json.loads((tmp_path / "settings.json").read_text())["seed"] == 0


@pytest.mark.parametrize("content", ["", "row,fold\n0,1\n", "<html>"])
def test_damaged_results_are_named(tmp_path, content):
    cross_validate(Recorder(), LABELS, FOLDS, folder=tmp_path)
    fold, settings = tmp_path / "fold_2.csv", tmp_path / "settings.json"
    fold.write_text(content)
    with pytest.raises(ValueError, match=r"Not the results of a fold: '.*fold_2\.csv'.*Remove it to train"):
        cross_validate(Recorder(), LABELS, FOLDS, folder=tmp_path)
    settings.write_text(content)
    with pytest.raises(ValueError, match=r"cannot be read: '.*settings\.json'"):
        cross_validate(Recorder(), LABELS, FOLDS, folder=tmp_path)


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"needs two folds at least. Received: 1, \['1'\]"):
        cross_validate(Recorder(), LABELS[:20], FOLDS[:20])
    with pytest.raises(ValueError, match=r"`validation_fraction` must lie between 0 and 1. Received: .*=1"):
        cross_validate(Recorder(), LABELS, FOLDS, validation_fraction=1)
    with pytest.raises(ValueError, match=r"one entry for each item. Received: shapes \(60,\), \(59,\)"):
        cross_validate(Recorder(), LABELS, FOLDS[1:])
