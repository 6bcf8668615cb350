"""Which items are in a batch: P labels, K items of each."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from comparators.generators.label_codes import label_codes
from comparators.generators.last_result import LastResult
from comparators.generators.sampler_arguments import check_count, check_seed
from comparators.generators.table_columns import check_columns

_LABEL_CYCLE, _LABEL_ORDER, _CORPUS_ORDER, _ITEM_ORDER = range(4)


class GroupSampler:
    """Draws batches of `labels_per_batch` labels with `items_per_label` items of each, as group losses need them.

    What is in a batch depends on (seed, epoch, index) alone, so that several workers, or a run that was stopped, give
    the same batches. No label is twice in a batch. Every label comes once in a pass over the labels, drawn anew each
    time; the labels that do not fill a last batch are dropped and come first in the next pass. The items of a label are
    spread over as many of its recordings as there are; a label with too few items gives some of them again.

    Args:
        labels: of the items, `(n,)`, strings or integers.
        labels_per_batch: P.
        items_per_label: K.
        seed: a non-negative integer.
        recordings: which recording each item is from, `(n,)`. None: each is from its own.
        corpora: which corpus each item is from, `(n,)`; each batch then stays within one corpus, so that negatives
            cannot be told apart by their channel. A corpus has batches in proportion to its labels.
        corpus_weights: corpus -> factor on its number of batches; 1 for those not named.
        passes_per_epoch: how often each label comes in an epoch.

    Attributes:
        label_names: the labels in order, `(labels,)`; their position is their code.
        codes: label code of each item, int32 `(n,)`.
        num_batches: in an epoch.

    Raises:
        ValueError: there are fewer labels than `labels_per_batch` (in a corpus), a label is in two corpora, or an
            argument is out of its range or of another length.

    Example:
        >>> labels = np.repeat(["ann", "bob", "eve"], 4)
        >>> sampler = GroupSampler(labels, labels_per_batch=2, items_per_label=2)
        >>> sampler.num_batches, labels[sampler.batch(epoch=0, index=0)].reshape(2, 2).tolist()
        (1, [['bob', 'bob'], ['ann', 'ann']])
    """

    def __init__(
        self,
        labels: Sequence | np.ndarray,
        labels_per_batch: int,
        items_per_label: int,
        seed: int = 0,
        recordings: Sequence | np.ndarray | None = None,
        corpora: Sequence | np.ndarray | None = None,
        corpus_weights: Mapping[str, float] | None = None,
        passes_per_epoch: int = 1,
    ):
        check_count("labels_per_batch", labels_per_batch)
        check_count("items_per_label", items_per_label)
        check_count("passes_per_epoch", passes_per_epoch)
        check_seed(seed)
        self.label_names, self.codes = label_codes(labels)
        self.labels_per_batch = labels_per_batch
        self.items_per_label = items_per_label
        self.seed = seed
        self._items = np.argsort(self.codes, kind="stable")
        self._counts = np.bincount(self.codes)
        self._firsts = np.cumsum(self._counts) - self._counts
        self._recordings = self._recording_codes(recordings)
        self._corpora = self._labels_by_corpus(corpora)
        self._batches = self._batches_by_corpus(corpus_weights or {}, passes_per_epoch)
        self._warn_of_single_items()
        self.num_batches = sum(self._batches)
        self._last_corpus_order = LastResult(self._corpus_order)
        self._last_label_order = LastResult(self._label_order)

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        labels_per_batch: int,
        items_per_label: int,
        seed: int = 0,
        within_corpus: bool = False,
        corpus_weights: Mapping[str, float] | None = None,
        passes_per_epoch: int = 1,
    ) -> "GroupSampler":
        """Returns a sampler of the rows of a table, as `read_manifest` returns it.

        Args:
            table: with a column `label`, and where there are such `recording` (rows of one recording; without it,
                those of one `path` are) and `corpus`.
            labels_per_batch: P.
            items_per_label: K.
            seed: a non-negative integer.
            within_corpus: each batch stays within one corpus of the column `corpus`.
            corpus_weights: corpus -> factor on its number of batches, with `within_corpus`.
            passes_per_epoch: how often each label comes in an epoch.
        """
        check_columns(table, ["path", "label", *(["corpus"] if within_corpus else [])])
        return cls(
            table["label"],
            labels_per_batch,
            items_per_label,
            seed=seed,
            recordings=table["recording" if "recording" in table.columns else "path"],
            corpora=table["corpus"] if within_corpus else None,
            corpus_weights=corpus_weights,
            passes_per_epoch=passes_per_epoch,
        )

    def batch(self, epoch: int, index: int) -> np.ndarray:
        """Draws one batch.

        Args:
            epoch: from 0.
            index: of the batch in the epoch, from 0 to `num_batches` - 1.

        Returns:
            int64 `(labels_per_batch * items_per_label,)`: positions of the items, those of one label in a row.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < self.num_batches:
            raise IndexError(f"`index` must be from 0 to {self.num_batches - 1}. Received: index={index}.")
        labels = self._batch_labels(epoch, index)
        counts, random = self._counts[labels], self._random(_ITEM_ORDER, epoch, index)
        if self._recordings is None and counts.min() >= self.items_per_label:
            return self._items[self._firsts[labels][:, None] + self._subsets(counts, random)].ravel()
        firsts = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(labels)), counts)
        items = self._items[np.arange(len(owner)) + np.repeat(self._firsts[labels] - firsts, counts)]
        keys = random.random(len(items))
        if self._recordings is None:
            order = np.argsort(keys + owner)
        else:
            order = np.lexsort((keys, self._turns(items, keys), owner))
        turns = np.arange(self.items_per_label) % counts[:, None]
        return items[order][firsts[:, None] + turns].ravel()

    def report(self, epoch: int = 0) -> dict[str, float]:
        """Counts what the positive pairs of an epoch are made of.

        Returns:
            `batches`, `examples`, `labels` (used in the epoch), `labels_with_one_item`, `positive_pairs`,
            `pairs_of_one_recording` (pairs whose two items are from one recording) and `share_of_one_recording`.
        """
        batches = np.array([self.batch(epoch, index) for index in range(self.num_batches)])
        recordings = batches if self._recordings is None else self._recordings[batches]
        groups = np.sort(recordings.reshape(-1, self.items_per_label), axis=1)
        first, second = np.triu_indices(self.items_per_label, 1)
        pairs, shared = len(groups) * len(first), int((groups[:, first] == groups[:, second]).sum())
        return {
            "batches": self.num_batches,
            "examples": batches.size,
            "labels": len(np.unique(self.codes[batches])),
            "labels_with_one_item": int((self._counts == 1).sum()),
            "positive_pairs": pairs,
            "pairs_of_one_recording": shared,
            "share_of_one_recording": shared / pairs if pairs else 0.0,
        }

    def _warn_of_single_items(self) -> None:
        single = np.count_nonzero(self._counts == 1)
        if single and self.items_per_label > 1:
            warnings.warn(
                f"{single} of {len(self._counts)} labels have one item: it fills all {self.items_per_label} places of "
                "its label in a batch. `report()` counts such pairs.",
                stacklevel=3,
            )

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, *key))

    def _batch_labels(self, epoch: int, index: int) -> np.ndarray:
        order = self._last_corpus_order(epoch)
        corpus = order[index]
        number = epoch * self._batches[corpus] + np.count_nonzero(order[:index] == corpus)
        number, position = divmod(int(number), len(self._corpora[corpus]) // self.labels_per_batch)
        first = position * self.labels_per_batch
        return self._last_label_order(corpus, number)[first : first + self.labels_per_batch]

    def _corpus_order(self, epoch: int) -> np.ndarray:
        """Draws the corpus of each batch of an epoch."""
        order = np.repeat(np.arange(len(self._batches)), self._batches)
        return self._random(_CORPUS_ORDER, epoch).permutation(order)

    def _label_order(self, corpus: int, number: int) -> np.ndarray:
        """Orders a corpus's labels for its pass `number`: those left out last time, the others, those left out now.

        Whose turn it is to be left out goes round a fixed cycle, so that no earlier pass need be known.
        """
        labels = self._corpora[corpus]
        cycle = self._random(_LABEL_CYCLE, corpus).permutation(labels)
        left_out = len(labels) % self.labels_per_batch
        cycle = np.roll(cycle, -number * left_out)
        random = self._random(_LABEL_ORDER, corpus, number)
        now, others, before = cycle[:left_out], cycle[left_out : len(cycle) - left_out], cycle[len(cycle) - left_out :]
        return np.concatenate([random.permutation(before), random.permutation(others), now])

    def _subsets(self, counts: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draws K places below each count, all different, in time that does not depend on the counts.

        It is Floyd's algorithm for all labels at once (Bentley and Floyd, "A sample of brilliance", 1987).
        """
        places = np.empty((len(counts), self.items_per_label), np.int64)
        for turn, draws in enumerate(random.random((self.items_per_label, len(counts)))):
            last = counts - self.items_per_label + turn
            place = (draws * (last + 1)).astype(np.int64)
            taken = (places[:, :turn] == place[:, None]).any(axis=1)
            places[:, turn] = np.where(taken, last, place)
        return places

    def _turns(self, items: np.ndarray, keys: np.ndarray) -> np.ndarray:
        """Numbers the items of each recording in random order: 0 for the first to be taken from it."""
        recordings = self._recordings[items]
        order = np.lexsort((keys, recordings))
        starts = np.flatnonzero(np.diff(recordings[order], prepend=-1))
        turns = np.empty(len(items), np.int64)
        turns[order] = np.arange(len(items)) - np.repeat(starts, np.diff(starts, append=len(items)))
        return turns

    def _recording_codes(self, recordings: Sequence | np.ndarray | None) -> np.ndarray | None:
        if recordings is None:
            return None
        codes = np.unique(self._checked("recordings", recordings), return_inverse=True)[1]
        # A recording of two speakers counts as one for each.
        names, codes = np.unique(codes * len(self.label_names) + self.codes, return_inverse=True)
        return codes if len(names) < len(codes) else None

    def _labels_by_corpus(self, corpora: Sequence | np.ndarray | None) -> list[np.ndarray]:
        if corpora is None:
            self.corpus_names = np.array(["all"])
            parts = [np.arange(len(self.label_names))]
        else:
            self.corpus_names, codes = np.unique(self._checked("corpora", corpora), return_inverse=True)
            parts = [np.unique(self.codes[codes == corpus]) for corpus in range(len(self.corpus_names))]
            shared = np.flatnonzero(np.bincount(np.concatenate(parts)) > 1)
            if len(shared):
                raise ValueError(
                    f"Label '{self.label_names[shared[0]]}' is in several corpora. "
                    "Make labels distinct, such as 'corpus/label', as `read_manifest` does."
                )
        for name, part in zip(self.corpus_names, parts, strict=True):
            if len(part) < self.labels_per_batch:
                raise ValueError(
                    f"`labels_per_batch` must not be more than the labels there are"
                    f"{'' if corpora is None else f' in corpus {name!s}'}: {len(part)}. "
                    f"Received: labels_per_batch={self.labels_per_batch}. Lower it, or add labels."
                )
        return parts

    def _batches_by_corpus(self, weights: Mapping[str, float], passes: int) -> list[int]:
        unknown = set(weights) - set(self.corpus_names)
        if unknown:
            raise ValueError(
                f"`corpus_weights` must name corpora of the data: {', '.join(map(str, self.corpus_names))}. "
                f"Received: {', '.join(map(str, unknown))}."
            )
        if any(weight <= 0 for weight in weights.values()):
            raise ValueError(f"`corpus_weights` must be positive. Received: corpus_weights={dict(weights)}.")
        return [
            max(1, round(weights.get(name, 1.0) * passes * (len(labels) // self.labels_per_batch)))
            for name, labels in zip(self.corpus_names, self._corpora, strict=True)
        ]

    def _checked(self, name: str, values: Sequence | np.ndarray) -> np.ndarray:
        values = np.asarray(values)
        if values.shape != self.codes.shape:
            raise ValueError(
                f"`{name}` must have one entry for each label: {len(self.codes)}. Received: {values.shape}."
            )
        return values
