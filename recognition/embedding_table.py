"""Embeddings with what they belong to: ids, labels, metadata, and the model that made them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from comparators.metrics.similarity import as_embeddings, unit_rows
from comparators.recognition import table_files
from comparators.recognition.labels import check_labels


class EmbeddingTable:
    """Embeddings of items, one row each, that cannot come apart from their ids and labels.

    What `embed_files` returns, what is kept on disk between programs, and what a gallery takes. A table is not changed
    once it is made; indexing and joining give new ones.

    Args:
        vectors: one embedding a row `(n, dim)`, finite; kept as float32.
        ids: what each row is the embedding of `(n,)`, such as a file's path; no two alike. Kept as strings.
        labels: label of each row `(n,)`, strings or whole numbers, if there are any.
        fingerprint: of the model that made the vectors.
        metadata: further columns, a DataFrame or a dict from name to `(n,)` values.

    Attributes:
        vectors: `(n, dim)` float32.
        ids: `(n,)` strings.
        labels: `(n,)` strings or integers, or None.
        fingerprint: a string, or None.
        metadata: DataFrame of n rows, possibly without columns.

    Raises:
        ValueError: if the numbers of rows differ, a value is NaN or infinite, an id or a label is missing or empty, or
            two ids are the same.

    Example:
        >>> table = EmbeddingTable([[1, 0], [0, 1], [1, 1]], ["a.wav", "b.wav", "c.wav"], ["ann", "bob", "ann"])
        >>> table[table.labels == "ann"].ids.tolist()
        ['a.wav', 'c.wav']
        >>> table[["c.wav"]].vectors.tolist()
        [[1.0, 1.0]]
    """

    def __init__(
        self,
        vectors: ArrayLike,
        ids: ArrayLike,
        labels: ArrayLike | None = None,
        fingerprint: str | None = None,
        metadata: pd.DataFrame | dict | None = None,
    ):
        self.vectors = np.array(as_embeddings(vectors), np.float32, order="C")
        if not np.isfinite(self.vectors).all():
            raise ValueError("`vectors` must fit into float32. Received: a value over 3.4e38. Scale them down.")
        self.ids = _check_ids(ids, len(self.vectors))
        self.labels = None if labels is None else check_labels(labels, len(self.vectors))
        self.fingerprint = None if fingerprint is None else str(fingerprint)
        self.metadata = _check_metadata(metadata, len(self.vectors))

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        labels = "no labels" if self.labels is None else f"{len(np.unique(self.labels))} labels"
        return f"EmbeddingTable({len(self)} rows of {self.dim}, {labels}, fingerprint={self.fingerprint!r})"

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        return self.vectors.shape[1]

    def __getitem__(self, rows: ArrayLike | slice) -> "EmbeddingTable":
        """Some rows of the table.

        Args:
            rows: a mask `(n,)`, a slice, row numbers `(m,)`, or ids `(m,)`.

        Returns:
            A table of these rows, in this order.

        Raises:
            KeyError: if an id is not in the table.
            ValueError: if ids repeat, or a mask has another length.
        """
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.ndim != 1:
                raise ValueError(
                    f"Index a table with a mask, a slice, row numbers or ids. Received: an array of shape "
                    f"{rows.shape}. "
                    "A single row is `table[[row]]`."
                )
            if rows.dtype.kind in "UOT":
                rows = self._rows_of(rows)
            elif not len(rows):
                rows = rows.astype(np.int64)
            elif rows.dtype == bool and len(rows) != len(self):
                raise ValueError(
                    f"A mask must have one value for each of the {len(self)} rows. Received: {len(rows)} values."
                )
        labels = None if self.labels is None else self.labels[rows]
        return EmbeddingTable(self.vectors[rows], self.ids[rows], labels, self.fingerprint, self.metadata.iloc[rows])

    def concatenate(self, other: "EmbeddingTable") -> "EmbeddingTable":
        """Joins two tables, one below the other.

        Args:
            other: table of the same model; no id of it may be in this one.

        Returns:
            A table with the rows of both. A metadata column that only one of them has is missing in the other's rows.

        Raises:
            ValueError: if the fingerprints or dimensions differ, an id is in both, or only one of them has labels.

        Example:
            >>> a, b = EmbeddingTable([[1, 0]], ["a.wav"]), EmbeddingTable([[0, 1]], ["b.wav"])
            >>> a.concatenate(b).ids.tolist()
            ['a.wav', 'b.wav']
        """
        if self.fingerprint != other.fingerprint:
            raise ValueError(
                "Embeddings of two models cannot be compared. "
                f"Received: fingerprints {self.fingerprint!r} and {other.fingerprint!r}. Embed both with one model."
            )
        if self.dim != other.dim:
            raise ValueError(f"Both tables must have one dimension. Received: {self.dim} and {other.dim}.")
        if (self.labels is None) != (other.labels is None):
            raise ValueError(
                "Either both tables must have labels or neither. Received: one with labels and one without."
            )
        labels = None
        if self.labels is not None:
            labels = check_labels(self.labels.tolist() + other.labels.tolist())
        return EmbeddingTable(
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.ids, other.ids]),
            labels,
            self.fingerprint,
            pd.concat([self.metadata, other.metadata], ignore_index=True),
        )

    def by_label(self, method: str = "mean") -> "EmbeddingTable":
        """One row a label: what a multi-speaker synthesiser takes, or a small gallery.

        Args:
            method: "mean": the mean of the label's unit vectors, scaled to length 1; "medoid": the row of the label
                with the highest mean cosine to the label's rows, kept as it is (of equal ones the first).

        Returns:
            A table with a row for each label, in sorted order. The ids are the labels, and `num_items` in the metadata
            says of how many rows each was made; with "medoid" `medoid_id` names the row.

        Raises:
            ValueError: if the table has no labels, a label's vectors cancel out, or the method is unknown.

        Example:
            >>> table = EmbeddingTable([[1, 0], [0, 1], [0, 2]], ["a", "b", "c"], ["ann", "bob", "bob"])
            >>> table.by_label("medoid").vectors.tolist()
            [[1.0, 0.0], [0.0, 1.0]]
        """
        if method not in ("mean", "medoid"):
            raise ValueError(f'`method` must be "mean" or "medoid". Received: method={method!r}.')
        if self.labels is None:
            raise ValueError("One row a label needs labels. Received: a table without. Give `labels` when you make it.")
        labels, codes, counts = np.unique(self.labels, return_inverse=True, return_counts=True)
        units = unit_rows(self.vectors)
        sums = np.zeros((len(labels), self.dim))
        np.add.at(sums, codes, units)
        ids = labels.astype(np.str_)
        if method == "mean":
            return EmbeddingTable(unit_rows(sums, "sums"), ids, labels, self.fingerprint, {"num_items": counts})
        # A row's mean cosine to its label's rows is its product with their sum, up to the label's count.
        closeness = np.einsum("nd,nd->n", units, sums[codes])
        order = np.lexsort((np.arange(len(self)), -closeness.round(6), codes))
        medoids = order[np.cumsum(counts) - counts]
        metadata = {"num_items": counts, "medoid_id": self.ids[medoids]}
        return EmbeddingTable(self.vectors[medoids], ids, labels, self.fingerprint, metadata)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the table to one file, whose suffix decides the form. The file is replaced as a whole, or not at all.

        ".npz" keeps all exactly and is the fastest. ".csv" is for other programs: vectors, ids, labels and numbers come
        back exactly, but a missing text comes back as NaN like an empty one, and a table of no rows loses its types.
        ".parquet" keeps all exactly, with the vectors as one column of lists, and needs the extra `parquet`.

        Args:
            path: file to write.

        Raises:
            ValueError: if the suffix is another one.
            ImportError: if the suffix is ".parquet" and pyarrow is not installed.
            FileNotFoundError: if the folder does not exist.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     EmbeddingTable([[0.1, 0.2]], ["a.wav"], fingerprint="f1").save(Path(folder) / "embeddings.csv")
            ...     table = EmbeddingTable.load(Path(folder) / "embeddings.csv")
            >>> table
            EmbeddingTable(1 rows of 2, no labels, fingerprint='f1')
        """
        path = Path(path)
        table_files.writer(path)(path, self.vectors, self.ids, self.labels, self.fingerprint, self.metadata)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "EmbeddingTable":
        """Reads a table that `save` wrote.

        Args:
            path: file to read; its suffix decides the form.

        Returns:
            The table, as it was saved.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the suffix is another one, or the file is no table of embeddings.
            ImportError: if the suffix is ".parquet" and pyarrow is not installed.
        """
        path = Path(path)
        read = table_files.reader(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no table of embeddings {str(path)!r}. Check the path.")
        return cls(*read(path))

    def _rows_of(self, ids: np.ndarray) -> np.ndarray:
        row_of = dict(zip(self.ids.tolist(), range(len(self)), strict=True))
        missing = [item for item in ids.tolist() if item not in row_of]
        if missing:
            raise KeyError(f"{len(missing)} of {len(ids)} ids are not in the table. Received: {missing[0]!r}.")
        return np.array([row_of[item] for item in ids.tolist()], dtype=np.int64)


def _check_ids(ids: ArrayLike, num_items: int) -> np.ndarray:
    values = np.asarray(ids)
    if values.shape != (num_items,):
        raise ValueError(f"`ids` must be one for each of the {num_items} rows. Received: shape {values.shape}.")
    if any(value is None or value != value for value in values.tolist()):
        raise ValueError("An id must not be missing. Received: None or NaN. Name every row, for example by its file.")
    values = np.array([str(value) for value in values.tolist()], dtype=np.str_)
    unique, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"No two rows may have one id. Received: {str(unique[counts > 1][0])!r} {counts.max()} times. "
            "For files of one name in two folders use their paths."
        )
    if "" in unique:
        raise ValueError("An id must not be empty. Received: ''. Name every row, for example by its file.")
    return values


def _check_metadata(metadata: pd.DataFrame | dict | None, num_items: int) -> pd.DataFrame:
    if metadata is None:
        return pd.DataFrame(index=pd.RangeIndex(num_items))
    metadata = pd.DataFrame(metadata).reset_index(drop=True)
    metadata.columns = [str(name) for name in metadata.columns]
    if len(metadata) != num_items:
        raise ValueError(f"`metadata` must have one row for each of the {num_items} rows. Received: {len(metadata)}.")
    taken = [name for name in metadata.columns if name in table_files.RESERVED or name.startswith("embedding_")]
    if taken or metadata.columns.has_duplicates:
        names = ", ".join(taken or metadata.columns[metadata.columns.duplicated()])
        raise ValueError(
            f"`metadata` must not have two columns of one name, nor one named {', '.join(table_files.RESERVED)} or "
            f"embedding_... Received: {names}. Rename it."
        )
    return metadata
