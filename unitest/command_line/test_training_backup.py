"""The folder of a training that was stopped."""

import pytest

from comparators.command_line.training_backup import TrainingBackup


def test_the_same_settings_go_on_and_others_are_refused(tmp_path, capsys):
    output, settings = tmp_path / "m.keras", {"epochs": 3, "labels": tmp_path / "l.csv", "workers": 1, "output": "a"}
    first = TrainingBackup(output, settings)
    assert capsys.readouterr().err == ""
    first.callback(None)
    TrainingBackup(output, {**settings, "workers": 8, "output": "./a"})
    assert f"going on with the training in '{output}.parts'" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"had other settings: epochs=3, not 4. Repeat them"):
        TrainingBackup(output, {**settings, "epochs": 4})
    first.remove()
    assert not any(tmp_path.iterdir())
    TrainingBackup(output, {**settings, "epochs": 4})
