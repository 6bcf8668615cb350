"""Tables of matches: each row names things that belong together, in a column for each role."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from comparators.command_line.item_kinds import TEXTS, WORDS, item_column
from comparators.command_line.report import shortened

PARTS = ("start", "end", "channel")
"""Columns that say which part of a recording is meant, as `read_manifest` has them."""


class MatchTable:
    """What belongs together, and the distinct items of each role.

    Args:
        table: a row for each match, with a column for each role: paths, words or texts; a column `label` where labels
            are known, and of recordings `start`, `end` and `channel`; of clips `video_path`, `video_id` and `labels`.
        roles: role -> `"audio"`, `"image"`, `WORDS` or `TEXTS`.

    Attributes:
        items: role -> table of its distinct items: `path`, `word` or `text`, the recordings' parts, and `label`.
        rows: role -> which of them each match has `(n,)`.

    Raises:
        ValueError: if an item has several labels.
    """

    def __init__(self, table: pd.DataFrame, roles: Mapping[str, str]):
        self.table, self.roles = table.reset_index(drop=True), dict(roles)
        self.items, self.rows = {}, {}
        for role, media in self.roles.items():
            own = [role, *(part for part in PARTS if media == "audio" and part in table)]
            # One text for each item: a row is told from others by its parts too, which may be missing.
            self.rows[role], _ = pd.factorize(self.table[own].map(str).agg("\0".join, axis=1))
            items = self.table[own + ["label"] * ("label" in table)].drop_duplicates(own).reset_index(drop=True)
            self.items[role] = items.rename(columns={role: item_column(media)})
            if "label" in table:
                self._check_one_label(role)

    def __len__(self) -> int:
        return len(self.table)

    def select(self, rows: np.ndarray) -> "MatchTable":
        """Returns the matches of a mask `(n,)`."""
        return MatchTable(self.table[rows], self.roles)

    @property
    def is_labelled(self) -> bool:
        """Whether there are labels."""
        return "label" in self.table

    def groups(self, by_label: bool = True) -> np.ndarray:
        """Tells which matches belong together `(n,)`: those of one label, where there are any, or that share an item.

        Args:
            by_label: False only joins those that share an item.
        """
        return self.table["label"].to_numpy() if by_label and self.is_labelled else _joined(list(self.rows.values()))

    def pieces(self) -> np.ndarray:
        """Tells which matches share a file or a text `(n,)`, and so should not come apart in a split.

        Where more than half of all would hang together by their texts, as those do that have one caption, only the
        files count; without files, those of the first role.
        """
        joined = _joined([self.rows[role] for role, media in self.roles.items() if media != WORDS])
        if np.bincount(joined).max() <= len(self) / 2:
            return joined
        files = [self.rows[role] for role, media in self.roles.items() if media not in (WORDS, TEXTS)]
        return _joined(files or [next(iter(self.rows.values()))])

    def first_rows(self, role: str) -> np.ndarray:
        """Returns the first match of each of a role's items."""
        return np.unique(self.rows[role], return_index=True)[1]

    def groups_of(self, role: str, by_label: bool = True) -> np.ndarray:
        """Returns the groups of a role's items, in their order; see `groups`."""
        return self.groups(by_label)[self.first_rows(role)]

    def _check_one_label(self, role: str) -> None:
        several = self.table["label"].to_numpy() != self.items[role]["label"].to_numpy()[self.rows[role]]
        if several.any():
            item = self.table[role][several].iloc[0]
            raise ValueError(
                f"'{shortened(item) if self.roles[role] == TEXTS else item}' has several labels. Rows of one label "
                "belong together: give each item one label, or leave the labels out."
            )


def _joined(columns: list[np.ndarray]) -> np.ndarray:
    """Numbers rows so that those that share a value in a column, or are joined by others that do, are of one number."""
    if len(columns) == 1:
        return columns[0]
    first, second = columns
    return joined_rows(first, second + first.max() + 1)


def joined_rows(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Numbers rows so that those that share a value, or are joined by others that do, are of one number.

    Args:
        first: numbers from 0 `(n,)`.
        second: likewise; a number is the same thing on both sides.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = max(first.max(), second.max()) + 1
    edges = coo_matrix((np.ones(len(first)), (first, second)), shape=(size, size))
    return connected_components(edges, directed=False)[1][first]
