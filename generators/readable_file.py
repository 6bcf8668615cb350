"""What is wrong with a file before anything opens it."""

import os
import stat


def check_readable_file(path: str, kind: str) -> None:
    """Raises what is wrong with a file that cannot be read; the message names the file and the next step.

    Args:
        path: the file.
        kind: what it should be, such as `"audio file"` or `"image"`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a folder, empty, or may not be read.

    Example:
        >>> check_readable_file("gone.png", "image")
        Traceback (most recent call last):
        FileNotFoundError: No such image: 'gone.png'. Check the path, or remove the row that names it.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"No such {kind}: '{path}'. Check the path, or remove the row that names it.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"Not a readable {kind}: '{path}' ({error}). Check the path.") from error
    if stat.S_ISDIR(status.st_mode):
        raise ValueError(f"A folder was given where one {kind} is expected: '{path}'. Name a file in it.")
    if not os.access(path, os.R_OK):
        raise ValueError(f"No permission to read {kind} '{path}'. Change its permissions (chmod +r) or remove it.")
    if status.st_size == 0:
        raise ValueError(f"Empty {kind}: '{path}' (0 bytes). Export it again or remove it.")
