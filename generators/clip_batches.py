"""Batches of clips, with several labels each or none, for networks of sound, picture or both."""

import warnings
from collections.abc import Mapping

import numpy as np

from comparators.generators.failed_loads import check_failures
from comparators.generators.item_batches import Inputs, Items
from comparators.generators.mixup import mix_inputs, soft_targets
from comparators.generators.ordered_batches import OrderedBatches
from comparators.generators.row_sampler import RowSampler

_MIXUP_DRAWS, _ITEM_DRAWS, _REPLACEMENT_DRAWS = 400, 401, 402


class ClipBatches(OrderedBatches):
    """Trains on clips: batches `(inputs, targets)` with mixup, smoothed labels and a watch over failed loads.

    A clip that cannot be read is replaced by a random other one, with that one's labels, is warned about once and kept
    in `failures`; where more than a share of all clips have failed, the training stops and names them. By default the
    first one stops it.

    Args:
        items: of the clips, such as `AudioItems(table, 10.0)`; or by role, such as `{"audio": AudioItems(table, 10.0),
            "image": FrameItems(table)}`, and the inputs are such a dict.
        targets: 1 where a clip has a label, else 0, `(n, classes)`, such as `LabelTable.targets` returns them. None for
            pre-training without labels: the targets are then the clips' numbers, as `Matches` gives them.
        sampler: which clips are in a batch: `RowSampler(len(table), batch_size)`, each once an epoch, or a
            `WeightedSampler`.
        mixup: probability that another clip, any of all, is mixed into one: waveforms, pictures and labels, by one
            share drawn from Beta(`mixup_alpha`, `mixup_alpha`).
        mixup_alpha: both parameters of that distribution.
        label_smoothing: see `soft_targets`.
        max_failed_share: of all clips, how many may fail to load.
        start_epoch: number of the first epoch; the number of finished ones where a training goes on.
        redraw: True draws a new epoch after each; False keeps the first, as validation wants it.
        workers: threads or processes that make batches ahead.
        use_multiprocessing: processes in place of threads; each counts failed loads for itself.
        max_queue_size: how many batches are made ahead.

    Attributes:
        failures: position of a clip -> what is wrong with it.

    Raises:
        ValueError: there is not one row of targets for each clip, or a number is out of its range; from `batch`, more
            clips than `max_failed_share` have failed to load.

    Example:
        >>> from comparators.generators.array_items import ArrayItems
        >>> items = {"audio": ArrayItems(np.zeros((6, 100, 16))), "image": ArrayItems(np.zeros((6, 8, 8, 3), "uint8"))}
        >>> batches = ClipBatches(items, np.eye(6)[:, :4], RowSampler(6, batch_size=3), mixup=0.5, label_smoothing=0.1)
        >>> inputs, targets = batches[0]
        >>> inputs["audio"].shape, inputs["image"].dtype, targets.shape
        ((3, 100, 16), dtype('uint8'), (3, 4))

    Reference:
        Gong et al. 2021, PSLA: improving audio tagging with pretraining, sampling, labeling, and aggregation.
    """

    def __init__(
        self,
        items: Items | Mapping[str, Items],
        targets: np.ndarray | None,
        sampler: RowSampler,
        mixup: float = 0.0,
        mixup_alpha: float = 10.0,
        label_smoothing: float = 0.0,
        max_failed_share: float = 0.0,
        start_epoch: int = 0,
        redraw: bool = True,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        super().__init__(start_epoch, redraw, workers, use_multiprocessing, max_queue_size)
        self.items = dict(items) if isinstance(items, Mapping) else items
        self.targets = None if targets is None else np.asarray(targets, np.float32)
        self.sampler = sampler
        self._check_sizes()
        if targets is None and (mixup or label_smoothing):
            raise ValueError(
                "Mixup and label smoothing need `targets`. Received: targets=None, "
                f"mixup={mixup}, label_smoothing={label_smoothing}. Give the targets, or leave both at 0."
            )
        shares = {"mixup": mixup, "label_smoothing": label_smoothing, "max_failed_share": max_failed_share}
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise ValueError(f"`{name}` must be from 0 to 1. Received: {name}={value}.")
        if not mixup_alpha > 0:
            raise ValueError(f"`mixup_alpha` must be positive. Received: mixup_alpha={mixup_alpha}.")
        self.mixup, self.mixup_alpha = mixup, mixup_alpha
        self.label_smoothing, self.max_failed_share = label_smoothing, max_failed_share
        self.failures: dict[int, str] = {}

    def _check_sizes(self) -> None:
        sizes = [len(part) for part in self._parts.values()]
        shape = (self.sampler.num_rows, 1) if self.targets is None else self.targets.shape
        if len(shape) != 2 or {*sizes, self.sampler.num_rows} != {shape[0]}:
            raise ValueError(
                "`items`, `targets` `(n, classes)` and `sampler` must be of the same clips. "
                f"Received: {sizes} items, targets of shape {shape}, a sampler of {self.sampler.num_rows}."
            )

    def __len__(self) -> int:
        return self.sampler.num_batches

    def draw(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draws which clips are in a batch.

        Returns:
            Positions of the clips, those of the clips that are mixed in, and the share of the first, 1 where it stays
            alone; each `(batch,)`.
        """
        rows = self.sampler.batch(epoch, index)
        random = self.sampler.random(_MIXUP_DRAWS, epoch, index)
        partners = random.integers(self.sampler.num_rows, size=len(rows))
        share = random.beta(self.mixup_alpha, self.mixup_alpha, size=len(rows))
        return rows, partners, np.where(random.random(len(rows)) < self.mixup, share, 1.0)

    def batch(self, epoch: int, index: int) -> tuple[Inputs | dict[str, Inputs], np.ndarray]:
        """Draws one batch: `(inputs, targets)`, these float32 `(batch, classes)`, or the clips' numbers `(batch,)`."""
        rows, partners, share = self.draw(epoch, index)
        mixed = np.flatnonzero(share < 1)
        loaded, inputs = self._load(np.concatenate([rows, partners[mixed]]), epoch, index)
        rows, partners[mixed] = loaded[: len(rows)], loaded[len(rows) :]
        # A clip that stays alone is its own partner: the rows behind the first are those of the mixed ones.
        places = np.arange(len(rows))
        places[mixed] = len(rows) + np.arange(len(mixed))
        inputs = {
            role: mix_inputs(_rows(part, slice(len(rows))), _rows(part, places), share) for role, part in inputs.items()
        }
        targets = rows.astype(np.int32)
        if self.targets is not None:
            targets = soft_targets(self.targets[rows], self.label_smoothing, self.targets[partners], share)
        return (inputs if isinstance(self.items, dict) else inputs[""]), targets

    @property
    def _parts(self) -> dict[str, Items]:
        return self.items if isinstance(self.items, dict) else {"": self.items}

    def _load(self, rows: np.ndarray, epoch: int, index: int) -> tuple[np.ndarray, dict[str, Inputs]]:
        """Takes clips, others in the place of those that fail; returns which, and the inputs of each role."""
        if self.failures:
            self.stop_if_too_many()  # again, where an error was not passed on
            rows = self._replace(rows, epoch, index)
        try:
            return rows, self._take(rows, epoch, index)
        except (ValueError, OSError):
            failed = self._check(rows)
            if not failed:
                raise
        rows = self._replace(rows, epoch, index)
        return rows, self._take(rows, epoch, index)

    def _take(self, rows: np.ndarray, epoch: int, index: int) -> dict[str, Inputs]:
        random = self.sampler.random(_ITEM_DRAWS, epoch, index)
        return {role: part.take(rows, random) for role, part in self._parts.items()}

    def _replace(self, rows: np.ndarray, epoch: int, index: int) -> np.ndarray:
        """Puts a random clip in the place of each that fails. The draws do not depend on which have failed before."""
        rows = rows.copy()
        for place, row in enumerate(rows):
            random = self.sampler.random(_REPLACEMENT_DRAWS, epoch, index, place)
            while row in self.failures or (row != rows[place] and self._check([row])):
                row = random.integers(self.sampler.num_rows)
            rows[place] = row
        return rows

    def _check(self, rows) -> bool:
        """Notes which clips cannot be loaded, and tells whether there is one; raises where they are too many."""
        failed = False
        for row in map(int, rows):
            for part in self._parts.values():
                try:
                    if hasattr(part, "check"):
                        part.check(row)
                except (ValueError, OSError) as error:
                    failed = True
                    self._note(row, str(error))
        return failed

    def _note(self, row: int, message: str) -> None:
        if row not in self.failures:
            self.failures[row] = message
            self.stop_if_too_many()
            warnings.warn(f"Replaced by another clip: row {row}. {message}", stacklevel=2)

    def stop_if_too_many(self) -> None:
        """Raises where more clips have failed than may; backends hand on the errors of a data set as ones of their own.

        Raises:
            ValueError: with the list of the clips.
        """
        check_failures(self.failures, self.sampler.num_rows, self.max_failed_share)


def _rows(inputs: Inputs, rows: np.ndarray | slice) -> Inputs:
    return {name: values[rows] for name, values in inputs.items()} if isinstance(inputs, dict) else inputs[rows]
