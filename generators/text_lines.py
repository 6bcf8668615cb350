"""Texts from a file: one on each line, or a column of a table."""

import os
from pathlib import Path

from comparators.generators.readable_file import check_readable_file
from comparators.generators.text_table import filled_texts, not_unicode, read_text_table


def read_texts(path: str | os.PathLike, text_column: str = "text") -> list[str]:
    """Reads texts, in the order of the file.

    Args:
        path: a CSV or TSV file with a column of texts (may be compressed); or any other file, with one text on each
            line, whose blank lines are passed over and whose white space at both ends is left off. UTF-8.
        text_column: name of that column.

    Returns:
        The texts.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not UTF-8, has no text or no such column, or a row of the table has no text: all such rows are
            counted and the first named.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "texts.txt").write_text("sun, sea\\n\\nrain\\n")
        ...     read_texts(Path(folder, "texts.txt"))
        ['sun, sea', 'rain']
    """
    path = Path(path).expanduser()
    if {".csv", ".tsv"} & {suffix.lower() for suffix in path.suffixes}:
        texts = filled_texts(read_text_table(path), text_column, f"'{path}'", first_row=2).tolist()
    else:
        check_readable_file(str(path), "text file")
        try:
            # Only line feeds end a line, not the rarer separators that `splitlines` knows.
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            raise not_unicode(path, error) from error
        texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise ValueError(f"No text in '{path}'. Write one on each line, or in each row.")
    return texts
