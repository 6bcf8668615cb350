"""Which other items an item is paired with."""

import numpy as np


class Partners:
    """Draws for items others of their label, or of another label.

    Args:
        codes: label code of each item, `(n,)`, from 0 on.

    Attributes:
        counts: how many items there are of each item's label, `(n,)`.

    Example:
        >>> partners = Partners(np.array([0, 1, 0]))
        >>> random = np.random.default_rng(0)
        >>> partners.alike(np.array([0, 2]), random).tolist(), partners.unlike(np.array([0, 2]), random).tolist()
        ([2, 0], [1, 1])
    """

    def __init__(self, codes: np.ndarray):
        by_label = np.bincount(codes)
        self.counts = by_label[codes]
        self._firsts = (np.cumsum(by_label) - by_label)[codes]
        self._items = np.argsort(codes, kind="stable")
        self._places = np.empty(len(codes), np.int64)
        self._places[self._items] = np.arange(len(codes))

    def alike(self, items: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draws another item of the label of each, all of them equally likely; each label must have two."""
        firsts, counts = self._firsts[items], self.counts[items]
        steps = random.integers(1, counts)
        return self._items[firsts + (self._places[items] - firsts + steps) % counts]

    def unlike(self, items: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draws an item of another label for each, all of them equally likely; there must be two labels."""
        firsts, counts = self._firsts[items], self.counts[items]
        places = random.integers(0, len(self._items) - counts)
        return self._items[places + counts * (places >= firsts)]
