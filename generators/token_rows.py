"""Tokens of many texts, without padding."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TokenRows:
    """Numbers of tokens, one text after the other.

    Args:
        tokens: of all texts, int32.
        lengths: of the texts, int32 `(n,)`.

    Example:
        >>> rows = TokenRows(np.array([5, 6, 7, 8], "int32"), np.array([1, 3], "int32"))
        >>> rows.padded(np.array([1, 0]), padding_id=0)["tokens"].tolist()
        [[6, 7, 8], [5, 0, 0]]
    """

    tokens: np.ndarray
    lengths: np.ndarray

    def __post_init__(self):
        starts = np.zeros(len(self.lengths), np.int64)
        np.cumsum(self.lengths[:-1], out=starts[1:])
        object.__setattr__(self, "_starts", starts)

    def __len__(self) -> int:
        return len(self.lengths)

    def padded(
        self, rows: np.ndarray, padding_id: int, multiple_of: int = 1, most: int | None = None
    ) -> dict[str, np.ndarray]:
        """Returns some texts as one batch.

        Args:
            rows: positions of the texts, `(batch,)`.
            padding_id: what fills up the shorter ones.
            multiple_of: of which the number of columns is to be, so that batches have few different shapes.
            most: columns, whatever they are to be a multiple of; None for no limit.

        Returns:
            `{"tokens": int32 (batch, columns), "lengths": int32 (batch,)}`, with at least one column.
        """
        lengths = self.lengths[rows]
        longest = max(1, int(lengths.max(initial=0)))
        columns = -(-longest // multiple_of) * multiple_of
        if most is not None:
            columns = max(longest, min(columns, most))
        tokens = np.full((len(rows), columns), padding_id, np.int32)
        places = np.arange(columns)
        real = places < lengths[:, None]
        tokens[real] = self.tokens[(self._starts[rows][:, None] + places)[real]]
        return {"tokens": tokens, "lengths": lengths}
