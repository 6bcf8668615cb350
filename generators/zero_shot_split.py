"""Which classes are seen in training and which are kept for zero-shot tests."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class ZeroShotSplit:
    """Seen and unseen classes.

    Args:
        seen: classes to train on.
        unseen: classes of which no item is ever trained on.

    Raises:
        ValueError: a part is empty, or a class is there twice.

    Example:
        >>> split = ZeroShotSplit(("horn", "violin"), ("viola",))
        >>> labels = pd.Series(["viola", "horn", "harp", "horn"])
        >>> split.parts(labels, test=pd.Series([False, False, True, True])).tolist()
        ['unseen', 'train', nan, 'test']
    """

    seen: tuple[str, ...]
    unseen: tuple[str, ...]

    def __post_init__(self):
        twice = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if not self.seen or not self.unseen or twice:
            raise ValueError(
                "`seen` and `unseen` must each name a class, all different. "
                f"Received: {len(self.seen)} and {len(self.unseen)} classes, more than once: "
                f"{', '.join(twice) or 'none'}."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes, the seen ones first."""
        return (*self.seen, *self.unseen)

    def parts(self, labels: pd.Series, test: pd.Series) -> pd.Series:
        """Returns the part that each item belongs to.

        Args:
            labels: class of each item `(n,)`.
            test: whether an item of a seen class is kept for tests `(n,)`.

        Returns:
            "train" or "test" (seen classes), "unseen", or NaN where the class is of neither part `(n,)`.
        """
        seen = test.map({True: "test", False: "train"}).where(labels.isin(self.seen))
        return seen.mask(labels.isin(self.unseen), "unseen")


def find_split(split: str | ZeroShotSplit, splits: Mapping[str, ZeroShotSplit]) -> ZeroShotSplit:
    """Returns a split that is given by its name or as it is.

    Args:
        split: a name, or a split.
        splits: the published ones by name.

    Raises:
        ValueError: there is none of this name.

    Example:
        >>> find_split("1/1", {"1/1": ZeroShotSplit(("horn",), ("viola",))}).unseen
        ('viola',)
    """
    if isinstance(split, ZeroShotSplit):
        return split
    if split not in splits:
        raise ValueError(
            f"`split` must be one of {', '.join(map(repr, splits))}, or a `ZeroShotSplit`. Received: split={split!r}."
        )
    return splits[split]
