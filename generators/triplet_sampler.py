"""Which items are in a batch: an anchor, another item of its label and one of another label."""

from collections.abc import Sequence

import numpy as np

from comparators.generators.label_codes import label_codes
from comparators.generators.partners import Partners
from comparators.generators.row_sampler import RowSampler

_TRIPLETS = 12


class TripletSampler(RowSampler):
    """Draws triplets of items from their labels, new ones in each epoch.

    Every item that shares its label with another is the anchor of exactly one triplet of an epoch; one that is alone
    with its label can only be a negative. Positives and negatives are drawn from all that there are, equally likely.
    The last batch of an epoch is smaller where the batch size does not divide the anchors.

    Args:
        labels: of the items, `(n,)`, strings or numbers.
        batch_size: triplets of a batch.
        seed: a non-negative integer.

    Attributes:
        label_names: the labels in order; their position is their code.
        codes: label code of each item, int32 `(n,)`.
        num_batches: in an epoch.

    Raises:
        ValueError: there is one label only, every label has one item, there are fewer anchors than `batch_size`, a
            label is missing, or an argument is out of its range.

    Example:
        >>> labels = np.array(["ann", "ann", "bob"])
        >>> anchor, positive, negative = TripletSampler(labels, batch_size=2).batch(epoch=0, index=0)
        >>> labels[anchor].tolist(), labels[positive].tolist(), labels[negative].tolist()
        (['ann', 'ann'], ['ann', 'ann'], ['bob', 'bob'])
    """

    rows = "items that share their label with another"

    def __init__(self, labels: Sequence | np.ndarray, batch_size: int, seed: int = 0):
        self.label_names, self.codes = label_codes(labels)
        if len(self.label_names) < 2:
            raise ValueError(
                "Triplets need at least two labels. "
                f"Received: {', '.join(map(repr, self.label_names.tolist())) or 'no items'}. Add items of other labels."
            )
        self._partners = Partners(self.codes)
        self._anchors = np.flatnonzero(self._partners.counts > 1)
        if not len(self._anchors):
            raise ValueError(
                "Every label has one item, so there is no positive. Add items, or train on `TwoViews` of each item."
            )
        super().__init__(len(self._anchors), batch_size, seed)

    def draw(self, epoch: int) -> np.ndarray:
        """Draws all triplets of an epoch: positions of the items, int64 `(3, anchors)`."""
        random = self.random(_TRIPLETS, epoch)
        anchors = random.permutation(self._anchors)
        return np.stack([anchors, self._partners.alike(anchors, random), self._partners.unlike(anchors, random)])
