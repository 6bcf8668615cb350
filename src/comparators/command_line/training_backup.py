"""Trainings that go on where they were stopped: a folder beside the output, until that is written."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import keras

from comparators.callbacks.exact_resume import Batches, ExactResume
from comparators.command_line.report import note
from comparators.models.embedding_store import content_key
from comparators.recognition.atomic_file import replaced_file

_SETTINGS = "settings.json"
_WITHOUT_EFFECT = ("output", "workers", "max_failed_share", "as_json", "quiet")
_FILES = ("manifest", "validation", "labels", "model_name", "image_mae", "checkpoint")


class TrainingBackup:
    """The folder `OUTPUT.parts`, with the last epoch of a training that has not come to its end.

    Args:
        output: file that the training is for.
        settings: the command's parameters; a training of others that have an effect on it, or of files whose contents
            have changed, is not gone on with.

    Attributes:
        folder: it is there once an epoch is done.

    Raises:
        ValueError: the folder is of a training with other settings; these are named.
    """

    def __init__(self, output: Path, settings: Mapping):
        self.folder = output.with_name(f"{output.name}.parts")
        settings = {name: value for name, value in settings.items() if name not in _WITHOUT_EFFECT}
        settings |= {name: _with_contents(settings[name]) for name in _FILES if settings.get(name) is not None}
        self.settings = json.loads(json.dumps(settings, default=str))
        self._epochs = self.folder / "epoch"
        if not ExactResume(self._epochs).num_epochs:
            return
        before = json.loads((self.folder / _SETTINGS).read_text())
        other = sorted(name for name in {*before, *self.settings} if before.get(name) != self.settings.get(name))
        if other:
            raise ValueError(
                f"A stopped training in '{self.folder}' had other settings: "
                f"{', '.join(f'{name}={before.get(name)}, not {self.settings.get(name)}' for name in other)}. Repeat "
                "them to go on, or remove the folder to begin anew."
            )
        note(f"going on with the training in '{self.folder}'")

    def callbacks(
        self, others: Iterable[keras.callbacks.Callback], batches: Batches
    ) -> tuple[list[keras.callbacks.Callback], ExactResume]:
        """Puts callbacks that may write into the folder between those that make it and that back each epoch up.

        Returns:
            All of them, and the last, which goes on with what is in the folder.
        """
        make = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self._make())
        resume = ExactResume(self._epochs, batches, keep=True)
        return [make, *others, resume], resume

    def remove(self) -> None:
        """Removes the folder, now that the output is written."""
        ExactResume(self._epochs).remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self) -> None:
        self.folder.mkdir(exist_ok=True)
        with replaced_file(self.folder / _SETTINGS) as file:
            file.write(json.dumps(self.settings, indent=1).encode())


def _with_contents(name: str | Path) -> str:
    """Adds a hash of a file's contents to its name."""
    path = Path(name).expanduser()
    return f"{name} with contents {content_key(path)[:12]}" if path.is_file() else str(name)
