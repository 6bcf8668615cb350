"""Which labels there are, and the targets of items that have several."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.generators.row_names import name_rows

_COLUMNS = ("index", "mid", "display_name")


class LabelTable:
    """The labels of a data set in the order of a classifier's outputs, with names to show.

    Args:
        labels: as manifests name them, such as AudioSet's `/m/09x0r`; all different.
        display_names: one for each label; None takes the labels themselves.

    Attributes:
        labels: in order.
        display_names: in order.

    Raises:
        ValueError: there are no labels, one is there twice, or there is not one name for each.

    Example:
        >>> table = LabelTable(["/m/09x0r", "/m/04rlf"], ["Speech", "Music"])
        >>> table.targets(["/m/04rlf", "/m/09x0r,/m/04rlf"]).tolist()
        [[0.0, 1.0], [1.0, 1.0]]
    """

    def __init__(self, labels: Sequence[str], display_names: Sequence[str] | None = None):
        self.labels = [str(label) for label in labels]
        self.display_names = [str(name) for name in (self.labels if display_names is None else display_names)]
        self._index = {label: index for index, label in enumerate(self.labels)}
        if not self.labels or len(self._index) < len(self.labels):
            twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
            raise ValueError(
                "`labels` must be at least one, all different. "
                f"Received: {len(self.labels)}, more than once: {', '.join(twice[:5]) or 'none'}."
            )
        if len(self.display_names) != len(self.labels):
            raise ValueError(
                f"`display_names` must be one for each of {len(self.labels)} labels. "
                f"Received: {len(self.display_names)}."
            )

    @classmethod
    def read(cls, path: str | os.PathLike) -> "LabelTable":
        """Reads a CSV file with the columns `index` (0, 1, 2, ... in any order), `mid` and `display_name`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a column is missing, the indices are not 0, 1, 2, ..., or there are no labels, or one twice.
        """
        path = Path(path).expanduser()
        try:
            table = pd.read_csv(path, dtype={"mid": str, "display_name": str}, keep_default_na=False)
        except FileNotFoundError:
            raise FileNotFoundError(f"No such table of labels: '{path}'. Check the path.") from None
        except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
            raise ValueError(
                f"Not a CSV file: '{path}' ({error}). A table of labels begins with `index,mid,display_name`."
            ) from error
        missing = [column for column in _COLUMNS if column not in table.columns]
        if missing:
            raise ValueError(
                f"A table of labels must have the columns {', '.join(_COLUMNS)}. Received: "
                f"{', '.join(map(str, table.columns))} in '{path}', without {', '.join(missing)}. Rename or add them."
            )
        numbers = pd.to_numeric(table["index"], errors="coerce").to_numpy(float)
        if not np.array_equal(np.sort(numbers), np.arange(len(table))):
            wrong = np.flatnonzero(~np.isin(numbers, np.arange(len(table))) | table["index"].duplicated().to_numpy())
            raise ValueError(
                f"`index` must be 0 to {len(table) - 1}, each once. Received: {table['index'].iloc[wrong[0]]} in "
                f"{name_rows(wrong, 2)} of '{path}'. Number the labels again."
            )
        table = table.iloc[np.argsort(numbers)]
        try:
            return cls(table["mid"].tolist(), table["display_name"].tolist())
        except ValueError as error:
            raise ValueError(f"{error} Correct the column `mid` of '{path}'.") from None

    @classmethod
    def of(cls, labels: Sequence[str | Sequence[str]]) -> "LabelTable":
        """Makes a table of the labels that items have, in alphabetical order.

        Args:
            labels: of each item, several joined by commas, or a list, whose labels may have commas.
        """
        return cls(sorted({label for row in labels for label in split_labels(row)}))

    def __len__(self) -> int:
        return len(self.labels)

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return {"labels": self.labels, "display_names": self.display_names}

    def targets(self, labels: Sequence[str | Sequence[str]]) -> np.ndarray:
        """Returns 1 where an item has a label, else 0.

        Args:
            labels: of each item `(n,)`, see `of`.

        Returns:
            float32 `(n, len(self))`.

        Raises:
            ValueError: items have labels that are not in the table; they are named.
        """
        rows = [split_labels(row) for row in labels]
        missing = [number for number, row in enumerate(rows) if not self._index.keys() >= set(row)]
        if missing:
            unknown = sorted({label for number in missing for label in rows[number]} - self._index.keys())
            raise ValueError(
                f"{len(unknown)} labels are not in the table of {len(self)}: {', '.join(map(repr, unknown[:10]))}"
                f"{' ...' if len(unknown) > 10 else ''}, in {name_rows(missing)} of the items. Add them to the table, "
                "or take them out of the manifest."
            )
        targets = np.zeros((len(rows), len(self)), np.float32)
        for number, row in enumerate(rows):
            targets[number, [self._index[label] for label in row]] = 1.0
        return targets


def split_labels(labels: str | Sequence[str]) -> list[str]:
    """Splits labels that are joined by commas, none where the text is empty; a list stays as it is.

    Example:
        >>> split_labels("/m/09x0r, /m/04rlf"), split_labels(""), split_labels(["door, wood"])
        (['/m/09x0r', '/m/04rlf'], [], ['door, wood'])
    """
    if isinstance(labels, list | tuple):
        return [str(label) for label in labels]
    return [label.strip() for label in str(labels).split(",") if label.strip()]


def as_joined(labels: Sequence[str], source: str | os.PathLike) -> list[str]:
    """Returns the one label of each item in the form that joins several by commas.

    Args:
        labels: of each item.
        source: the CSV file that they are from, for the message.

    Raises:
        ValueError: a label has a comma, and would become several.

    Example:
        >>> as_joined(["dog", "rain"], "sounds.csv")
        ['dog', 'rain']
    """
    several = [number for number, label in enumerate(labels) if len(split_labels(label)) > 1]
    if several:
        raise ValueError(
            "`label` is one label, and a manifest of clips has commas between several. Received: "
            f"'{labels[several[0]]}' in {name_rows(several, 2)} of '{source}'. Rename it; or call the column `labels`, "
            "where these are several."
        )
    return list(labels)
