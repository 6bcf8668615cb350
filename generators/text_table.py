"""Tables of texts from CSV and TSV files: every value a string, just as it is written."""

import os
import warnings
from pathlib import Path

import pandas as pd

from comparators.generators.readable_file import check_readable_file
from comparators.generators.row_names import name_rows


def read_text_table(path: str | os.PathLike) -> pd.DataFrame:
    """Reads a table whose values are texts: "NA", "007" and "null" stay what they are.

    Args:
        path: a CSV file, or with the suffix .tsv one with tabs (may be compressed); UTF-8, with or without its mark at
            the beginning. Texts with commas, quotes or line breaks are quoted.

    Returns:
        All columns as strings, "" where nothing is written.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is empty, not UTF-8, or a row has more fields than there are names of columns.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "texts.csv").write_text('text,number\\n"sun, sea",007\\nNA,\\n')
        ...     read_text_table(Path(folder, "texts.csv")).to_numpy().tolist()
        [['sun, sea', '007'], ['NA', '']]
    """
    path = Path(path).expanduser()
    check_readable_file(str(path), "table of texts")
    separator = "\t" if ".tsv" in [suffix.lower() for suffix in path.suffixes] else ","
    try:
        with warnings.catch_warnings():
            # Without this, pandas cuts off what is too much, or takes the first column for names of the rows.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path, sep=separator, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig"
            )
    except UnicodeDecodeError as error:
        raise not_unicode(path, error) from error
    except (OSError, EOFError, pd.errors.EmptyDataError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ValueError(
            f"Not a table of texts: '{path}' ({str(error).strip()}). It begins with a line of column names, and texts "
            f"with {'tabs' if separator != ',' else 'commas'} or line breaks stand in double quotes."
        ) from error


def filled_texts(table: pd.DataFrame, columns: str | tuple[str, ...], name: str, first_row: int) -> pd.Series:
    """Returns a column, or several below one another, as strings, or says in which rows there is no text.

    Args:
        table: of any values.
        columns: name of the column, or names.
        name: of the table, for the message.
        first_row: number of the row with the index 0, for the message.

    Raises:
        ValueError: there is no such column, or a text is missing or blank; all such rows are counted.

    Example:
        >>> filled_texts(pd.DataFrame({"text": ["sea", " "]}), "text", "the data frame", first_row=0)
        Traceback (most recent call last):
        ValueError: Empty `text` in 1 row of the data frame: row 1. Fill in what is missing, or remove the rows.
    """
    columns, problems = [columns] if isinstance(columns, str) else list(columns), []
    for column in columns:
        if column not in table.columns:
            listed = ", ".join(map(str, table.columns)) or "none"
            raise ValueError(
                f"No column `{column}` in {name}. Its columns: {listed}. Rename or name the one with texts."
            )
        empty = table.index[table[column].isna() | (table[column].astype(str).str.strip() == "")]
        if len(empty):
            rows = "row" if len(empty) == 1 else "rows"
            problems.append(f"Empty `{column}` in {len(empty)} {rows} of {name}: {name_rows(empty, first_row)}.")
    if problems:
        raise ValueError(f"{' '.join(problems)} Fill in what is missing, or remove the rows.")
    return pd.concat([table[column] for column in columns]).astype(str)


def not_unicode(path: Path, error: UnicodeDecodeError) -> ValueError:
    """Returns the error for a file that is not UTF-8.

    Example:
        >>> str(not_unicode(Path("a.txt"), UnicodeDecodeError("utf-8", b"caf\\xe9", 3, 4, "unexpected end of data")))
        "Not UTF-8: 'a.txt' (byte 0xe9, unexpected end of data). Save it as UTF-8."
    """
    return ValueError(
        f"Not UTF-8: '{path}' (byte 0x{error.object[error.start]:02x}, {error.reason}). Save it as UTF-8."
    )
