"""Batches of matches: items of two roles that belong together."""

from collections.abc import Mapping, Sequence

import numpy as np

from comparators.generators.item_batches import Inputs, Items
from comparators.generators.label_codes import check_one_label_each, label_codes
from comparators.generators.ordered_batches import OrderedBatches
from comparators.generators.row_sampler import RowSampler

_PARTNER_DRAWS, _ITEM_DRAWS = 300, 301


class _MatchSampler(RowSampler):
    rows = "matches"


class Matches(OrderedBatches):
    """Trains dual encoders on aligned batches `({role: inputs}, labels)`.

    Without labels, item i of one role belongs to item i of the other, and no other. With the labels of both roles, the
    items of one label belong together: each item of the first role is in an epoch once, with an item of its label that
    is drawn anew from the second. The last batch of an epoch is smaller where the batch size does not divide the items;
    it is left out where it would be a single row, which has no impostor.

    Args:
        items: two roles and their items, such as `{"audio": AudioItems(...), "word": ArrayItems(...)}`.
        batch_size: rows of a batch, at least 2: the other rows are a row's impostors.
        labels: role -> the labels of its items, of both roles or of the first alone, whose matches are then aligned;
            None where each row is a class of its own.
        seed: a non-negative integer.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads.
        max_queue_size: how many batches are made ahead.

    Attributes:
        label_names: the labels in order; None without labels.

    Raises:
        ValueError: there are not two roles, two items and two labels, aligned roles differ in length, a label of the
            first role has no item in the second, a batch has fewer than 2 rows or more than there are items, or a label
            is missing.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> items = {"image": ArrayItems(np.zeros((6, 4))), "word": ArrayItems(np.ones((3, 2)))}
        >>> labels = {"image": ["cat", "dog", "cow"] * 2, "word": ["cow", "cat", "dog"]}
        >>> inputs, codes = Matches(items, batch_size=4, labels=labels)[0]
        >>> inputs["image"].shape, inputs["word"].shape, codes.shape
        ((4, 4), (4, 2), (4,))
    """

    def __init__(
        self,
        items: Mapping[str, Items],
        batch_size: int,
        labels: Mapping[str, Sequence] | None = None,
        seed: int = 0,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        super().__init__(start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
        if len(items) != 2:
            raise ValueError(f"`items` must be of two roles. Received: {sorted(items)}.")
        if batch_size < 2:
            raise ValueError(
                "`batch_size` must be at least 2, since the other rows are a row's impostors. "
                f"Received: batch_size={batch_size}."
            )
        self.items = dict(items)
        self._first, self._second = self.items
        count = len(self.items[self._first])
        if count < 2:
            raise ValueError(
                f"There must be at least 2 items, since the other rows are a row's impostors. Received: {count}."
            )
        self.sampler = _MatchSampler(count, batch_size, seed)
        self._take_labels({} if labels is None else dict(labels))

    def _take_labels(self, labels: dict[str, Sequence]) -> None:
        unknown = labels.keys() - self.items.keys()
        if unknown or (labels and self._first not in labels):
            raise ValueError(
                f"`labels` must name {self._first!r}, and {self._second!r} where the roles are not aligned. "
                f"Received: {sorted(labels)}."
            )
        self.label_names, self._codes = None, np.arange(self.sampler.num_rows, dtype=np.int32)
        if labels:
            self.label_names, self._codes = label_codes(labels[self._first])
            check_one_label_each(self._codes, self.sampler.num_rows)
            if len(self.label_names) < 2:
                raise ValueError(
                    "There must be two labels, since rows of one label are not each other's impostors. "
                    f"Received: {self.label_names[0]!s} alone."
                )
        self._partners = None
        if self._second in labels:
            names, codes = label_codes(labels[self._second])
            check_one_label_each(codes, len(self.items[self._second]))
            self._partners = [np.flatnonzero(names[codes] == name) for name in self.label_names]
            alone = [str(name) for name, rows in zip(self.label_names, self._partners, strict=True) if not len(rows)]
            if alone:
                raise ValueError(
                    f"Every label of {self._first!r} needs an item of {self._second!r}. Received: none of "
                    f"{', '.join(alone)}. Leave those rows out, or add items."
                )
        elif len(self.items[self._second]) != self.sampler.num_rows:
            raise ValueError(
                f"Aligned roles must be of one length. Received: {self.sampler.num_rows} items of {self._first!r}, "
                f"{len(self.items[self._second])} of {self._second!r}. Give the labels of both where they are matched "
                "by label."
            )

    def __len__(self) -> int:
        return self.sampler.num_batches - (self.sampler.num_rows % self.sampler.batch_size == 1)

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draws which items are in a batch.

        Returns:
            Positions of the first role's items, those of the second's, and the labels' codes, each `(batch,)`.
        """
        rows = self.sampler.batch(epoch, index)
        codes = self._codes[rows]
        if self._partners is None:
            return rows, rows, codes
        random = self.sampler.random(_PARTNER_DRAWS, epoch, index)
        return rows, np.array([random.choice(self._partners[code]) for code in codes]), codes

    def batch(self, epoch: int, index: int) -> tuple[dict[str, Inputs], np.ndarray]:
        """Draws one batch: `({role: inputs}, codes int32 (batch,))`."""
        first, second, codes = self.draw(epoch, index)
        random = self.sampler.random(_ITEM_DRAWS, epoch, index)
        inputs = {
            self._first: self.items[self._first].take(first, random),
            self._second: self.items[self._second].take(second, random),
        }
        return inputs, codes
