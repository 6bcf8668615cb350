"""What is wrong with a file of weights before anything reads it."""

import os

_POINTER_START = b"version https://git-lfs.github.com/spec/"


def check_weight_file(path: str | os.PathLike, kind: str) -> None:
    """Raises what is wrong with a file of weights; the message names the file and the next step.

    Args:
        path: the file.
        kind: how it is to have been written, such as "a file that `torch.save` wrote".

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is empty, or what Git LFS leaves in the place of a file that was not fetched.

    Example:
        >>> check_weight_file("missing.pt", "a file that `torch.save` wrote")
        Traceback (most recent call last):
        FileNotFoundError: There is no checkpoint at missing.pt. Give the path of a file that `torch.save` wrote.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"There is no checkpoint at {os.fspath(path)}. Give the path of {kind}.")
    with open(path, "rb") as file:
        start = file.read(len(_POINTER_START))
    if not start:
        raise ValueError(f"{os.fspath(path)} is empty (0 bytes). Copy or download the file again.")
    if start == _POINTER_START:
        raise ValueError(
            f"{os.fspath(path)} only points to the weights, as Git LFS leaves it. Fetch them: run `git lfs pull` in "
            "its folder, or download the file itself."
        )
