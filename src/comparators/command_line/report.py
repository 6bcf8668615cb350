"""How commands speak: the answer on stdout, as text or as one JSON document, everything else on stderr."""

import json
import math
from collections.abc import Mapping, Sequence

import click


def note(message: str) -> None:
    """Prints a line on stderr, under the program's name."""
    click.echo(f"comparators: {message}", err=True)


def print_json(document: Mapping) -> None:
    """Prints one JSON document on stdout; numbers that are not finite become null.

    Args:
        document: of dicts, lists, strings, numbers (NumPy's too) and None.
    """
    click.echo(json.dumps(_plain(document), indent=2, allow_nan=False))


def text_table(names: Sequence[str], rows: Sequence[Sequence]) -> str:
    """Lays out rows below the names of their columns; numbers stand at the right.

    Args:
        names: of the `n` columns.
        rows: each of `n` values. Floats get three decimals, None becomes "-".

    Returns:
        Lines of text.

    Example:
        >>> print(text_table(["file", "score"], [["a.wav", 0.5], ["long.wav", None]]))
        file      score
        a.wav     0.500
        long.wav      -
    """
    cells = [list(names)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    at_right = [any(isinstance(row[i], int | float) for row in rows) for i in range(len(names))]
    lines = [
        "  ".join(
            cell.rjust(w) if right else cell.ljust(w) for cell, w, right in zip(row, widths, at_right, strict=True)
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def shortened(text: str, length: int = 60) -> str:
    """Cuts a text to be named in a message.

    Example:
        >>> shortened("a dog runs"), shortened("a dog runs over the meadow", 12)
        ('a dog runs', 'a dog run...')
    """
    return text if len(text) <= length else text[: length - 3] + "..."


def counted(number: int, noun: str) -> str:
    """Says how many, such as "1 recording" or "1,024 recordings".

    Example:
        >>> counted(1, "recording"), counted(1024, "recording")
        ('1 recording', '1,024 recordings')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _cell(value) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _plain(value):
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
