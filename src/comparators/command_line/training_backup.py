"""Trainings that go on where they were stopped: a folder beside the output, until that is written."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import keras

from comparators.callbacks.exact_resume import Batches, ExactResume
from comparators.command_line.report import note

_SETTINGS = "settings.json"
_WITHOUT_EFFECT = ("output", "workers", "max_failed_share", "as_json", "quiet")


class TrainingBackup:
    """The folder `OUTPUT.parts`, with the last epoch of a training that has not come to its end.

    Args:
        output: file that the training is for.
        settings: the command's parameters; a training of others that have an effect on it is not gone on with.

    Raises:
        ValueError: the folder is of a training with other settings; these are named.
    """

    def __init__(self, output: Path, settings: Mapping):
        self.folder = output.with_name(f"{output.name}.parts")
        settings = {name: value for name, value in settings.items() if name not in _WITHOUT_EFFECT}
        self.settings = json.loads(json.dumps(settings, default=str))
        path = self.folder / _SETTINGS
        if not path.exists():
            return
        before = json.loads(path.read_text())
        other = sorted(name for name in {*before, *self.settings} if before.get(name) != self.settings.get(name))
        if other:
            raise ValueError(
                f"A stopped training in '{self.folder}' had other settings: "
                f"{', '.join(f'{name}={before.get(name)}, not {self.settings.get(name)}' for name in other)}. Repeat "
                "them to go on, or remove the folder to begin anew."
            )
        note(f"going on with the training in '{self.folder}'")

    def callback(self, batches: Batches) -> keras.callbacks.Callback:
        """Makes the folder, and the callback that goes on with what is in it and backs each epoch up."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / _SETTINGS).write_text(json.dumps(self.settings, indent=1))
        return ExactResume(self.folder / "epoch", batches, keep=True)

    def remove(self) -> None:
        """Removes the folder, now that the output is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
