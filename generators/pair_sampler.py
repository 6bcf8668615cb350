"""Which items are in a batch: pairs of one label or of two."""

import math
from collections.abc import Sequence

import numpy as np

from comparators.generators.label_codes import label_codes
from comparators.generators.partners import Partners
from comparators.generators.row_sampler import RowSampler

_PAIRS = 11


class PairSampler(RowSampler):
    """Draws pairs of items from their labels, new ones in each epoch: same and not same in a fixed ratio.

    Every item is the first of exactly one pair of an epoch, so all are used in each. Its partner is any other item of
    its label, or any of another label, all equally likely; never itself. An item that is alone with its label can only
    be in pairs that are not the same. The kinds alternate evenly, so that every batch has the ratio, to within one
    pair. The last batch of an epoch is smaller where the batch size does not divide the items.

    Args:
        labels: of the items, `(n,)`, strings or numbers.
        batch_size: pairs of a batch.
        same_fraction: share of the pairs that are of one label, between 0 and 1.
        seed: a non-negative integer.

    Attributes:
        label_names: the labels in order; their position is their code.
        codes: label code of each item, int32 `(n,)`.
        num_batches: in an epoch.

    Raises:
        ValueError: there is one label only, too few items share their label with another for `same_fraction`, there
            are fewer items than `batch_size`, a label is missing, or an argument is out of its range.

    Example:
        >>> labels = np.array(["ann", "ann", "bob", "bob", "eve", "eve"])
        >>> a, b = PairSampler(labels, batch_size=6).batch(epoch=0, index=0)
        >>> sorted(a.tolist()), (labels[a] == labels[b]).tolist()
        ([0, 1, 2, 3, 4, 5], [False, True, False, True, False, True])
    """

    rows = "items"

    def __init__(self, labels: Sequence | np.ndarray, batch_size: int, same_fraction: float = 0.5, seed: int = 0):
        self.label_names, self.codes = label_codes(labels)
        if not 0 < same_fraction < 1:
            raise ValueError(f"`same_fraction` must lie between 0 and 1. Received: same_fraction={same_fraction}.")
        if len(self.label_names) < 2:
            raise ValueError(
                "Pairs that are not the same need at least two labels. "
                f"Received: {', '.join(map(repr, self.label_names.tolist())) or 'no items'}. Add items of other labels."
            )
        super().__init__(len(self.codes), batch_size, seed)
        self.same_fraction = same_fraction
        self._partners = Partners(self.codes)
        self._has_alike = self._partners.counts > 1
        self._num_same = round(same_fraction * len(self.codes))
        self._check_same()

    def draw(self, epoch: int) -> np.ndarray:
        """Draws all pairs of an epoch: positions of the items, int64 `(2, n)`."""
        random = self.random(_PAIRS, epoch)
        order = random.permutation(self.num_rows)
        is_same = self._has_alike[order] & (np.cumsum(self._has_alike[order]) <= self._num_same)
        evenly = np.diff(np.arange(self.num_rows + 1) * self._num_same // self.num_rows) == 1
        pairs = np.empty((2, self.num_rows), np.int64)
        pairs[0, evenly], pairs[0, ~evenly] = order[is_same], order[~is_same]
        pairs[1, evenly] = self._partners.alike(order[is_same], random)
        pairs[1, ~evenly] = self._partners.unlike(order[~is_same], random)
        return pairs

    def _check_same(self) -> None:
        able = np.count_nonzero(self._has_alike)
        if not able:
            raise ValueError(
                "Every label has one item, so no pair is of one label. Add items, or train on `TwoViews` of each item."
            )
        if self._num_same > able:
            raise ValueError(
                f"`same_fraction` must not be more than {math.floor(1_000 * able / self.num_rows) / 1_000}: "
                f"{able} of {self.num_rows} items have another of their label. "
                f"Received: same_fraction={self.same_fraction}. Lower it, or add items to the labels that have one."
            )
