"""Tables of embeddings on disk: npz, csv, parquet. Each has a writer and a reader of the same five parts."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from comparators.recognition.atomic_file import replaced_file

RESERVED = ("id", "label", "fingerprint")
_START = 1 << 20  # characters that the names and the first row of a CSV file surely fit into
_CELL = re.compile(r'("(?:[^"]|"")*"|[^",\r\n]*)(?:,|\r\n|\n|\r|$)')
Parts = tuple[np.ndarray, np.ndarray, np.ndarray | None, str | None, pd.DataFrame]


def writer(path: Path) -> Callable[..., None]:
    """The writer for a path's suffix.

    Args:
        path: file to write, ending in .npz, .csv or .parquet.

    Returns:
        A function of path, vectors, ids, labels, fingerprint, metadata.

    Raises:
        ValueError: if the suffix is another one.

    Example:
        >>> writer(Path("embeddings.csv")).__name__
        'write_csv'
    """
    return _form(path)[0]


def reader(path: Path) -> Callable[[Path], Parts]:
    """The reader for a path's suffix.

    Args:
        path: file to read, ending in .npz, .csv or .parquet.

    Returns:
        A function of the path that gives vectors, ids, labels, fingerprint, metadata.

    Raises:
        ValueError: if the suffix is another one.

    Example:
        >>> reader(Path("embeddings.npz")).__name__
        'read_npz'
    """
    return _form(path)[1]


def write_npz(path, vectors, ids, labels, fingerprint, metadata) -> None:
    """Arrays as they are; columns that are not numbers as JSON, so that nothing is pickled."""
    arrays = {"vectors": vectors, "ids": ids} | ({} if labels is None else {"labels": labels})
    arrays["header"] = np.array(json.dumps({"fingerprint": fingerprint, "columns": list(metadata.columns)}))
    for number, name in enumerate(metadata.columns):
        column = metadata[name]
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
            arrays[f"column_{number}"] = column.to_numpy()
        else:
            values = [None if value is None or value != value else _plain(value, name) for value in column.tolist()]
            arrays[f"column_{number}"] = np.array(json.dumps(values))
    with replaced_file(path) as file:
        np.savez(file, **arrays)


def read_npz(path: Path) -> Parts:
    """See `write_npz`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            header = json.loads(str(arrays["header"]))
            metadata = {}
            for number, name in enumerate(header["columns"]):
                column = arrays[f"column_{number}"]
                metadata[name] = column if column.ndim else pd.Series(json.loads(str(column)), dtype=None)
            labels = arrays.get("labels")
            vectors, ids = arrays["vectors"], arrays["ids"]
    except Exception as error:
        raise _no_table(path) from error
    return vectors, ids, labels, header["fingerprint"], pd.DataFrame(metadata, index=pd.RangeIndex(len(ids)))


def write_csv(path, vectors, ids, labels, fingerprint, metadata) -> None:
    """Texts are quoted and numbers are not, so that the label "7" and the label 7 stay apart."""
    columns = {"id": ids} | ({} if labels is None else {"label": labels})
    columns |= {name: metadata[name].to_numpy() for name in metadata.columns}
    columns |= {} if fingerprint is None else {"fingerprint": np.full(len(ids), fingerprint)}
    # The shortest text that reads back as the same float32.
    texts = {f"embedding_{i}": vectors[:, i] for i in range(vectors.shape[1])}
    with replaced_file(path) as file:
        pd.DataFrame(columns | texts).to_csv(file, index=False, quoting=csv.QUOTE_NONNUMERIC, encoding="utf-8")


def read_csv(path: Path) -> Parts:
    """See `write_csv`."""
    try:
        table = pd.read_csv(
            path, dtype=_text_columns(path), float_precision="round_trip", keep_default_na=False, na_values=[""]
        )
        names = [name for name in table.columns if name.startswith("embedding_")]
        vectors, ids = table[names].to_numpy(np.float32), table["id"].to_numpy()
    except FileNotFoundError:
        raise
    except Exception as error:
        raise _no_table(path) from error
    labels = table["label"].to_numpy() if "label" in table else None
    fingerprint = table["fingerprint"].iloc[0] if "fingerprint" in table and len(table) else None
    return vectors, ids, labels, fingerprint, table.drop(columns=[*names, *RESERVED], errors="ignore")


def write_parquet(path, vectors, ids, labels, fingerprint, metadata) -> None:
    """Vectors as a column of lists of fixed length, the fingerprint in the schema."""
    pyarrow = _pyarrow()
    columns = {"id": pyarrow.array(ids.tolist(), pyarrow.string())}
    columns |= {} if labels is None else {"label": pyarrow.array(labels.tolist())}
    columns |= {name: pyarrow.array(metadata[name], from_pandas=True) for name in metadata.columns}
    columns["embedding"] = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
    table = pyarrow.table(columns)
    if fingerprint is not None:
        table = table.replace_schema_metadata({"fingerprint": fingerprint})
    with replaced_file(path) as file:
        pyarrow.parquet.write_table(table, file)


def read_parquet(path: Path) -> Parts:
    """See `write_parquet`."""
    pyarrow = _pyarrow()
    try:
        table = pyarrow.parquet.read_table(path)
        column = table["embedding"].combine_chunks()
        vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(len(table), column.type.list_size)
        ids = np.array(table["id"].to_pylist(), dtype=np.str_)
    except Exception as error:
        raise _no_table(path) from error
    labels = np.array(table["label"].to_pylist()) if "label" in table.column_names else None
    fingerprint = (table.schema.metadata or {}).get(b"fingerprint")
    metadata = table.drop_columns([name for name in ("id", "label", "embedding") if name in table.column_names])
    return vectors, ids, labels, None if fingerprint is None else fingerprint.decode(), metadata.to_pandas()


_FORMS = {".npz": (write_npz, read_npz), ".csv": (write_csv, read_csv), ".parquet": (write_parquet, read_parquet)}


def _form(path: Path) -> tuple[Callable, Callable]:
    if path.suffix.lower() not in _FORMS:
        raise ValueError(f"A table of embeddings is a file ending in {', '.join(_FORMS)}. Received: {str(path)!r}.")
    return _FORMS[path.suffix.lower()]


def _no_table(path: Path) -> ValueError:
    return ValueError(
        f"This is not a whole table of embeddings: {str(path)!r}. "
        "Expected a file that `EmbeddingTable.save` or `comparators embed` wrote; embed the files again."
    )


def _plain(value, name: str):
    """A value as JSON has it, or an error that names the column."""
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, str | bool | int | float):
        raise ValueError(
            f"`metadata` must hold texts and numbers. Received: {type(value).__name__} in column {name!r}. Convert "
            f"it to text."
        )
    return value


def _text_columns(path: Path) -> dict[str, type]:
    """Which columns hold quoted values in the first row; a file written by others may quote none of its texts."""
    with open(path, newline="", encoding="utf-8") as file:
        start = file.read(_START)
    names = next(csv.reader(io.StringIO(start)))
    first = _CELL.findall(start)[len(names) : 2 * len(names)]
    return {"id": str} | {
        name: str for name, cell in zip(names, first, strict=False) if cell[:1] == '"' and cell != '""'
    }


def _pyarrow() -> ModuleType:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            "Parquet needs pyarrow, which is not installed: `pip install 'comparators[parquet]'`, or save to .npz "
            "or .csv."
        ) from error
    return pyarrow
