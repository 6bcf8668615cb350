"""The audio files of a folder, labelled by its sub-folders."""

import os
from pathlib import Path

import pandas as pd

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def list_audio_folder(folder: str | os.PathLike) -> pd.DataFrame:
    """Lists the audio files in a folder and below it, in alphabetical order.

    Args:
        folder: with one sub-folder for each label; where a file lies beside the sub-folders there are no labels.

    Returns:
        A table with the column `path` (absolute) and, where all files are in sub-folders, `label`: the sub-folder.

    Raises:
        ValueError: there is no audio file, or a folder cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, "ann").mkdir()
        ...     Path(folder, "ann", "1.WAV").touch()
        ...     list_audio_folder(folder)["label"].tolist()
        ['ann']
    """
    folder = Path(folder).absolute()
    files = sorted(
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=_refuse, followlinks=True)
        for name in names
        if name.lower().endswith(AUDIO_SUFFIXES) and not name.startswith(".")
    )
    if not files:
        raise ValueError(f"No audio file (wav, flac, ogg, mp3) in folder '{folder}' or below. Name another folder.")
    table = pd.DataFrame({"path": [str(file) for file in files]})
    if any(file.parent == folder for file in files):
        return table
    return table.assign(label=[file.relative_to(folder).parts[0] for file in files])


def _refuse(error: OSError) -> None:
    raise ValueError(
        f"Folder '{error.filename}' cannot be read ({error.strerror}). Change its permissions (chmod +rx) or move it."
    ) from error
