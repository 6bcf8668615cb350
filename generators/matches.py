"""Batches of matches: items of two roles that belong together."""

from collections.abc import Mapping, Sequence

import numpy as np

from comparators.generators.distinct_sampler import DistinctSampler
from comparators.generators.item_batches import Inputs, Items
from comparators.generators.label_codes import check_one_label_each, label_codes
from comparators.generators.ordered_batches import OrderedBatches
from comparators.generators.row_sampler import RowSampler
from comparators.generators.rows import check_positions

_PARTNER_DRAWS, _ITEM_DRAWS = 300, 301


class _MatchSampler(RowSampler):
    rows = "matches"


class _DistinctMatchSampler(DistinctSampler):
    rows = "matches"


class Matches(OrderedBatches):
    """Trains dual encoders on aligned batches `({role: inputs}, labels)`.

    Without labels, item i of one role belongs to item i of the other, and no other. With the labels of both roles, the
    items of one label belong together: each item of the first role is in an epoch once, with an item of its label that
    is drawn anew from the second. The last batch of an epoch is smaller where the batch size does not divide the items;
    it is left out where it would be a single row, which has no impostor.

    The same text (sound, image) in two matches would be an impostor of its own: with `keys`, such matches never meet in
    a batch, see `DistinctSampler`. With `negatives`, a batch of the second role goes on with the hard negatives of its
    rows, as `MatchInfoNCE` takes them: first B items that match, then B of each column of `negatives`. The labels go on
    likewise, so that a row's hard negative which is another row's match is known as such.

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
        keys: of each item of the first role (and its match), `(n,)` or several `(n, num_keys)`, such as its texts;
            matches that share one never meet in a batch. None keeps none apart.
        negatives: positions of the hard negatives of each item of the first role, among the items of the second, `(n,
            h)`, such as those of `mine_hard_negatives`; None for none. The second role may then have items that match
            nothing, after those that do.

    Attributes:
        label_names: the labels in order; None without labels.

    Raises:
        ValueError: there are not two roles, two items and two labels, aligned roles differ in length, a label of the
            first role has no item in the second, a batch has fewer than 2 rows or more than there are items, a label
            is missing, all matches share a key, or negatives are no positions of items.

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
        keys: Sequence | np.ndarray | None = None,
        negatives: Sequence | np.ndarray | None = None,
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
        self.sampler = _sampler(count, batch_size, seed, keys)
        self._negatives = np.empty((count, 0), np.int64)
        if negatives is not None:
            self._negatives = check_positions(negatives, len(self.items[self._second]), "negatives")
            _check_one_row_each(self._negatives, count, "negatives")
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
            known = {name: code for code, name in enumerate(self.label_names.tolist())}
            others = enumerate(names.tolist(), start=len(known))
            self._second_codes = np.array([known.get(name, code) for code, name in others], np.int32)[codes]
        elif not self._are_aligned():
            raise ValueError(
                f"Aligned roles must be of one length. Received: {self.sampler.num_rows} items of {self._first!r}, "
                f"{len(self.items[self._second])} of {self._second!r}. Give the labels of both where they are matched "
                "by label."
            )
        else:
            others = np.arange(len(self.items[self._second]) - len(self._codes), dtype=np.int32)
            self._second_codes = np.append(self._codes, self._codes.max() + 1 + others)

    def _are_aligned(self) -> bool:
        first, second = (len(self.items[role]) for role in (self._first, self._second))
        return first == second or (first < second and self._negatives.size > 0)

    def __len__(self) -> int:
        return np.count_nonzero(self.sampler.batch_sizes > 1)

    @property
    def ragged_inputs(self) -> tuple[str, ...]:
        """Names of the inputs whose second axis differs in length from batch to batch, as the items tell."""
        return tuple({name for items in self.items.values() for name in getattr(items, "ragged_inputs", ())})

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draws which items are in a batch.

        Returns:
            Positions of the first role's items `(batch,)`, those of the second's, `(batch,)` and then any negatives,
            and the codes of the second's labels.
        """
        rows = self.sampler.batch(epoch, index)
        partners = rows
        if self._partners is not None:
            random = self.sampler.random(_PARTNER_DRAWS, epoch, index)
            partners = np.array([random.choice(self._partners[code]) for code in self._codes[rows]])
        second = np.append(partners, self._negatives[rows].T.ravel())
        return rows, second, self._second_codes[second]

    def batch(self, epoch: int, index: int) -> tuple[dict[str, Inputs], np.ndarray]:
        """Draws one batch: `({role: inputs}, codes int32 (batch,))`, or `(batch * (1 + h),)` with `h` negatives."""
        first, second, codes = self.draw(epoch, index)
        random = self.sampler.random(_ITEM_DRAWS, epoch, index)
        inputs = {
            self._first: self.items[self._first].take(first, random),
            self._second: self.items[self._second].take(second, random),
        }
        return inputs, codes


def _sampler(count: int, batch_size: int, seed: int, keys: Sequence | np.ndarray | None) -> RowSampler:
    if keys is None:
        return _MatchSampler(count, batch_size, seed)
    _check_one_row_each(keys, count, "keys")
    return _DistinctMatchSampler(keys, batch_size, seed)


def _check_one_row_each(values: Sequence | np.ndarray, count: int, name: str) -> None:
    """Raises a ValueError where there is not one row for each item of the first role."""
    if len(values) != count:
        raise ValueError(f"`{name}` must have one row for each of the {count} matches. Received: {len(values)}.")
