"""A gallery on disk: one zip of plain arrays and a JSON header, nothing pickled."""

import json
import os
from pathlib import Path

import numpy as np

from comparators.recognition.atomic_file import replaced_file

FORMAT = 1


def write_gallery(
    path: str | os.PathLike, header: dict, vectors: np.ndarray, ids: np.ndarray, labels: np.ndarray
) -> None:
    """Writes a gallery's parts, as a whole or not at all.

    Args:
        path: file to write or replace.
        header: what JSON can hold.
        vectors: `(n, dim)` float32.
        ids: `(n,)` strings.
        labels: `(n,)` strings or integers.

    Raises:
        FileNotFoundError: if the folder does not exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_gallery(Path(folder) / "g.npz", {"dim": 1}, np.ones((1, 1)), np.array(["a"]), np.array(["ann"]))
        ...     read_gallery(Path(folder) / "g.npz")[0]["dim"]
        1
    """
    text = json.dumps(header | {"gallery_format": FORMAT}, allow_nan=False)
    with replaced_file(path) as file:
        np.savez(file, header=np.array(text), vectors=vectors, ids=ids, labels=labels)


def read_gallery(path: str | os.PathLike) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """Reads what `write_gallery` wrote.

    Args:
        path: file to read.

    Returns:
        header, vectors, ids, labels, see `write_gallery`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no gallery, damaged, or of a later version.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no gallery {str(path)!r}. Check the path, or enrol somebody to make it.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            header = json.loads(str(arrays["header"]))
            parts = arrays["vectors"], arrays["ids"], arrays["labels"]
            version = header["gallery_format"]
    except Exception as error:
        raise ValueError(
            f"This is no gallery, or a damaged one: {str(path)!r}. Expected a file that `Gallery.save` wrote; "
            "restore a copy, or enrol again."
        ) from error
    if version > FORMAT:
        raise ValueError(
            f"The gallery {str(path)!r} was written by a later version. Received: format {version}, this version reads "
            f"{FORMAT}. Upgrade comparators."
        )
    return header, *parts
