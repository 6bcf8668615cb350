"""Files that are replaced as a whole: a reader finds the old one or the new one, never half of one."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_ABANDONED_SECONDS = 3600.0


@contextmanager
def replaced_path(path: str | os.PathLike) -> Iterator[Path]:
    """Names a file to be written that takes the place of `path` when the block ends well.

    For writers that want a name; see `replaced_file` for those that want an open file. What is written goes to a hidden
    file beside `path`, of its suffixes in lower case, is flushed to the disk, and is renamed over `path`: killed at any
    moment, `path` holds the old content or the new one. An error in the block leaves `path` as it was. What a killed
    writer left behind is removed by a later call, once it is an hour old.

    Args:
        path: the file to write or replace. Its folder must exist.

    Yields:
        The name of a file that does not exist yet; the block must write it.

    Raises:
        FileNotFoundError: if the folder does not exist.

    Example:
        >>> with replaced_path("a.txt") as partial:
        ...     _ = partial.write_text("new")
        >>> Path("a.txt").read_text()
        'new'
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder {path.parent} does not exist. Received: path={str(path)!r}. Create it first."
        )
    _remove_abandoned(path)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial{''.join(path.suffixes).lower()}")
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


@contextmanager
def replaced_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Opens a file for writing that takes the place of `path` when the block ends well, see `replaced_path`.

    Args:
        path: the file to write or replace. Its folder must exist.

    Yields:
        A binary file, open for writing.

    Raises:
        FileNotFoundError: if the folder does not exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replaced_file(Path(folder) / "a.txt") as file:
        ...         _ = file.write(b"new")
        ...     os.listdir(folder)
        ['a.txt']
    """
    with replaced_path(path) as partial, open(partial, "xb") as file:
        yield file


def _remove_abandoned(path: Path) -> None:
    prefix = f".{path.name}."
    for left in path.parent.iterdir():
        if left.name.startswith(prefix) and ".partial" in left.name:
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                    left.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself last; a folder cannot be opened for that on every system."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked_folder(folder: str | os.PathLike) -> Iterator[None]:
    """Keeps other programs that ask for the same out of a folder until the block ends, or the program is killed.

    The lock is on the folder itself, so no lock file is left behind. Where the system has no such locks (Windows)
    nothing is locked.

    Args:
        folder: an existing folder.

    Yields:
        Nothing.

    Example:
        >>> with locked_folder("."):
        ...     pass
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
