"""Which rows are in a batch: each once an epoch, in a new order."""

import numpy as np

from comparators.generators.last_result import LastResult
from comparators.generators.sampler_arguments import check_batch_size, check_seed

_ROW_ORDER = 10


class RowSampler:
    """Hands out each row once an epoch, in a new order, as a pure function of (seed, epoch, index).

    The last batch of an epoch is smaller where the batch size does not divide the rows. Subclasses draw other rows:
    see `PairSampler` and `TripletSampler`.

    Args:
        num_rows: how many there are.
        batch_size: rows of a batch.
        seed: a non-negative integer.

    Attributes:
        num_batches: in an epoch.
        batch_sizes: rows of each batch, int64 `(num_batches,)`, the same in every epoch.

    Raises:
        ValueError: `batch_size` is not from 1 to `num_rows`, or the seed is negative.

    Example:
        >>> sampler = RowSampler(5, batch_size=3)
        >>> [sampler.batch(epoch=0, index=index).tolist() for index in range(sampler.num_batches)]
        [[1, 4, 0], [3, 2]]
    """

    #: What the rows are, in the plural, for error messages.
    rows = "rows"

    def __init__(self, num_rows: int, batch_size: int, seed: int = 0):
        check_batch_size(batch_size, num_rows, self.rows)
        check_seed(seed)
        self.num_rows = num_rows
        self.batch_size = batch_size
        self.seed = seed
        self._starts = np.append(np.arange(0, num_rows, batch_size), num_rows)
        self._drawn = LastResult(self.draw)

    @property
    def num_batches(self) -> int:
        """Number of batches in an epoch."""
        return len(self._starts) - 1

    @property
    def batch_sizes(self) -> np.ndarray:
        """Rows of each batch."""
        return np.diff(self._starts)

    def batch(self, epoch: int, index: int) -> np.ndarray:
        """Returns one batch.

        Args:
            epoch: from 0.
            index: of the batch in the epoch, from 0 to `num_batches` - 1.

        Returns:
            int64 `(..., batch_size)`, fewer in the last batch: a part of what `draw` returns.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < self.num_batches:
            raise IndexError(f"`index` must be from 0 to {self.num_batches - 1}. Received: index={index}.")
        return self._drawn(epoch)[..., self._starts[index] : self._starts[index + 1]].copy()

    def draw(self, epoch: int) -> np.ndarray:
        """Draws all rows of an epoch, int64 `(num_rows,)`."""
        return self.random(_ROW_ORDER, epoch).permutation(self.num_rows)

    def random(self, *key: int) -> np.random.Generator:
        """Returns the random numbers of a purpose and an epoch."""
        return np.random.default_rng((self.seed, *key))
