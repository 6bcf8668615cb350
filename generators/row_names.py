"""Rows of a table in a sentence."""

from collections.abc import Iterable
from itertools import islice


def name_rows(rows: Iterable[int], first_row: int = 0) -> str:
    """Names rows for an error message: all up to five, else the first five.

    Args:
        rows: their positions, from 0.
        first_row: number of the row at position 0: 2 in a CSV file, where the first line has the column names.

    Example:
        >>> name_rows([3]), name_rows(range(9), first_row=2)
        ('row 3', 'rows 2, 3, 4, 5, 6 ...')
    """
    rows = [row + first_row for row in islice(rows, 6)]
    return f"row{'s' * (len(rows) > 1)} {', '.join(map(str, rows[:5]))}{' ...' * (len(rows) > 5)}"
