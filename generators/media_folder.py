"""The recordings or images of a folder, labelled by its sub-folders."""

import os
from pathlib import Path

import pandas as pd

MEDIA_SUFFIXES = {
    "audio": (".wav", ".flac", ".ogg", ".mp3"),
    "image": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm"),
}
MEDIA_NAMES = {"audio": "audio file", "image": "image"}


def list_media_folder(folder: str | os.PathLike, media: str | None = None) -> pd.DataFrame:
    """Lists the recordings or the images in a folder and below it, in alphabetical order.

    Args:
        folder: with one sub-folder for each label; where a file lies beside the sub-folders there are no labels.
        media: `"audio"` or `"image"`, which files to take; None takes the one kind that there is.

    Returns:
        A table with the column `path` (absolute) and, where all files are in sub-folders, `label`: the sub-folder.

    Raises:
        ValueError: there is no such file, there are both kinds and `media` is None, or a folder cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, "ann").mkdir()
        ...     Path(folder, "ann", "1.WAV").touch()
        ...     list_media_folder(folder)["label"].tolist()
        ['ann']
    """
    _check_media(media)
    folder = Path(folder).absolute()
    files = sorted(
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=_refuse, followlinks=True)
        for name in names
        if media_of(name) and not name.startswith(".")
    )
    counts = {kind: sum(media_of(file) == kind for file in files) for kind in MEDIA_SUFFIXES}
    if media is None:
        media = _only_media(counts, folder)
    if not counts[media]:
        raise ValueError(f"No {_described(media)} in folder '{folder}' or below. Name another folder.")
    files = [file for file in files if media_of(file) == media]
    table = pd.DataFrame({"path": [str(file) for file in files]})
    if any(file.parent == folder for file in files):
        return table
    return table.assign(label=[file.relative_to(folder).parts[0] for file in files])


def media_of(path: str | os.PathLike) -> str | None:
    """Returns what a file's suffix says it is: `"audio"`, `"image"`, or None where it is neither.

    Example:
        >>> media_of("a/cat.JPG"), media_of("a/notes.txt")
        ('image', None)
    """
    suffix = Path(path).suffix.lower()
    return next((media for media, suffixes in MEDIA_SUFFIXES.items() if suffix in suffixes), None)


def _only_media(counts: dict[str, int], folder: Path) -> str:
    found = [media for media, count in counts.items() if count]
    if not found:
        both = " and no ".join(map(_described, MEDIA_SUFFIXES))
        raise ValueError(f"No {both} in folder '{folder}' or below. Name another folder.")
    if len(found) > 1:
        listed = " and ".join(f"{counts[media]} {MEDIA_NAMES[media]}(s)" for media in found)
        raise ValueError(
            f"Recordings and images together in folder '{folder}': {listed}. "
            'Say which to take: `media="audio"` or `media="image"`.'
        )
    return found[0]


def _check_media(media: str | None) -> None:
    if media is not None and media not in MEDIA_SUFFIXES:
        raise ValueError(f"`media` must be one of {sorted(MEDIA_SUFFIXES)} or None. Received: media={media!r}.")


def _described(media: str) -> str:
    return f"{MEDIA_NAMES[media]} ({', '.join(suffix[1:] for suffix in MEDIA_SUFFIXES[media])})"


def _refuse(error: OSError) -> None:
    raise ValueError(
        f"Folder '{error.filename}' cannot be read ({error.strerror}). Change its permissions (chmod +rx) or move it."
    ) from error
