"""The folder of a training that was stopped."""

import keras
import numpy as np
import pytest

from comparators.command_line.training_backup import TrainingBackup


@pytest.fixture
def output(tmp_path):
    return tmp_path / "m.keras"


def train(backup, *others):
    """Trains one epoch more."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callbacks, resume = backup.callbacks(others, None)
    epochs, x = resume.num_epochs + 1, np.ones((2, 2), "float32")
    model.fit(x, x[:, :1], epochs=epochs, callbacks=callbacks, verbose=0)
    return resume.history


def test_the_same_settings_go_on_and_others_are_refused(output, tmp_path, capsys):
    settings = {"epochs": 3, "labels": tmp_path / "l.csv", "workers": 1, "output": "a"}
    first = TrainingBackup(output, settings)
    assert capsys.readouterr().err == ""
    (loss,) = train(first)["loss"]
    again = TrainingBackup(output, {**settings, "workers": 8, "output": "./a"})
    assert f"going on with the training in '{output}.parts'" in capsys.readouterr().err
    history = train(again)["loss"]
    assert (history[0], len(history)) == (loss, 2), "figures of the epochs before the stop are there as well"
    with pytest.raises(ValueError, match=r"had other settings: epochs=3, not 4. Repeat them"):
        TrainingBackup(output, {**settings, "epochs": 4})
    first.remove()
    assert not any(tmp_path.iterdir())
    TrainingBackup(output, {**settings, "epochs": 4})


@pytest.mark.parametrize("name", ["manifest", "validation", "labels", "model_name", "image_mae", "checkpoint"])
def test_files_with_other_contents_are_refused(output, tmp_path, name):
    path = tmp_path / "input"
    path.write_text("nine clips")
    train(TrainingBackup(output, {name: str(path)}))
    TrainingBackup(output, {name: path})
    path.write_text("four clips")
    message = rf"{name}={path} with contents \w{{12}}, not {path} with contents \w{{12}}\. Repeat them"
    with pytest.raises(ValueError, match=message):
        TrainingBackup(output, {name: str(path)})


def test_a_training_without_an_epoch_leaves_nothing(output, tmp_path):
    def fail(epoch, logs):
        raise ValueError("clips cannot be read")

    with pytest.raises(ValueError, match="cannot be read"):
        train(TrainingBackup(output, {"epochs": 3}), keras.callbacks.LambdaCallback(on_epoch_begin=fail))
    assert not any(tmp_path.iterdir())
    with pytest.raises(ValueError, match="cannot be read"):
        train(TrainingBackup(output, {"epochs": 3}), keras.callbacks.LambdaCallback(on_epoch_end=fail))
    TrainingBackup(output, {"epochs": 4})
