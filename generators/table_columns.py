"""Which columns a table must have."""

from collections.abc import Sequence

import pandas as pd


def check_columns(table: pd.DataFrame, columns: Sequence[str], maker: str = "read_manifest") -> None:
    """Raises a ValueError that names the first of some columns which a table lacks, and those that it has.

    Args:
        table: to be checked.
        columns: that it must have.
        maker: the function that makes such tables.

    Example:
        >>> check_columns(pd.DataFrame({"file": ["a.png"]}), ["path"])
        Traceback (most recent call last):
        ValueError: `table` must have a column `path`. Received: file. `read_manifest` makes such a table.
    """
    for column in columns:
        if column not in table.columns:
            hint = "; in a folder, each label needs a sub-folder" if column == "label" else ""
            raise ValueError(
                f"`table` must have a column `{column}`. Received: {', '.join(map(str, table.columns)) or 'none'}. "
                f"`{maker}` makes such a table{hint}."
            )
