"""Words and their vectors from GloVe text files and `.npz` files."""

import gzip
import os
import zlib
from collections.abc import Container, Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from comparators.generators.readable_file import check_readable_file

KIND = "file of word vectors"


def read_vector_file(path: str | os.PathLike, only: Container[str] | None = None) -> tuple[list[str], np.ndarray]:
    """Reads words and their vectors.

    Args:
        path: a text file with a line `word v1 v2 ...` for each word (may be gzipped; a first line with the two counts,
            as word2vec and fastText write it, is passed over), or an `.npz` file with the arrays `words` `(n,)` and
            `vectors` `(n, dim)`.
        only: the words to keep. None keeps all.

    Returns:
        The words, and their vectors `(n, dim)` float32, both in the order of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not as above. The message names the file, and the line where there is one.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "glove.txt").write_text("cat 1 0\\ndog 0 1\\n")
        ...     words, vectors = read_vector_file(Path(folder, "glove.txt"), only={"dog"})
        >>> words, vectors.tolist()
        (['dog'], [[0.0, 1.0]])
    """
    path = Path(path).expanduser()
    check_readable_file(str(path), KIND)
    if path.suffix.lower() == ".npz":
        words, vectors = _read_arrays(path)
        if only is not None:
            kept = [row for row, word in enumerate(words) if word in only]
            words, vectors = [words[row] for row in kept], vectors[kept]
        return words, vectors
    try:
        return _read_lines(path, only)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise ValueError(
            f"Not a {KIND}: '{path}' ({error}). It must be a text file (.txt or .txt.gz) with a line `word v1 v2 ...` "
            "for each word, or an .npz file. Unpack a .zip file first."
        ) from error


def _read_arrays(path: Path) -> tuple[list[str], np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if not {"words", "vectors"} <= set(arrays.files):
                raise ValueError(f"its arrays are {', '.join(arrays.files) or 'none'}")
            words, vectors = arrays["words"], arrays["vectors"]
    except (OSError, EOFError, ValueError, BadZipFile, zlib.error) as error:
        raise ValueError(
            f"Not a {KIND}: '{path}' ({error}). An .npz file must hold the arrays `words` (texts) and `vectors`."
        ) from error
    right = words.ndim == 1 and vectors.ndim == 2 and len(words) == len(vectors)
    if not right or words.dtype.kind != "U" or vectors.dtype.kind not in "fiu":
        raise ValueError(
            f"`words` must be texts, `(n,)`, and `vectors` numbers, `(n, dim)`. Received: {words.dtype} {words.shape} "
            f"and {vectors.dtype} {vectors.shape} in '{path}'. Save them again."
        )
    return words.tolist(), vectors.astype(np.float32)


def _read_lines(path: Path, only: Container[str] | None) -> tuple[list[str], np.ndarray]:
    words, rows, dim = [], [], None
    for number, parts in _split_lines(path):
        if number == 1 and len(parts) == 2 and all(part.isdigit() for part in parts):
            continue
        dim = dim or len(parts) - 1
        # A few words of the largest GloVe file hold spaces, such as ". . .": the vector is what stands last.
        word = " ".join(parts[: max(1, len(parts) - dim)])
        if len(parts) <= dim or not dim or any(map(_is_number, parts[1:-dim])):
            raise ValueError(
                f"A word and {dim or 'several'} numbers are expected. Received: {len(parts) - 1} after '{parts[0]}' in "
                f"line {number} of '{path}'. Correct or remove the line."
            )
        if only is None or word in only:
            words.append(word)
            rows.append(_numbers(parts[-dim:], word, number, path))
    if dim is None:
        raise ValueError(f"No words in '{path}'. A {KIND} has a line `word v1 v2 ...` for each word.")
    return words, np.array(rows, np.float32).reshape(-1, dim)


def _split_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields number and parts of each line that is not blank."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    # Only "\n" ends a line and only a space or a tab ends a word: GloVe has words of rarer kinds of white space.
    with opened(path, "rt", encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            line = line.rstrip(" \t\r\n").replace("\t", " ")
            if line:
                yield number, line.split(" ")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(texts: list[str], word: str, number: int, path: Path) -> np.ndarray:
    try:
        return np.array(texts, np.float32)
    except ValueError:
        wrong = next(text for text in texts if not _is_number(text))
        raise ValueError(
            f"Numbers are expected after a word. Received: '{wrong}' after '{word}' in line {number} of '{path}'. "
            "Correct or remove the line."
        ) from None
