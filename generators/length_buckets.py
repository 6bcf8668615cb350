"""Batches of items of like length, so that little is padded."""

import numpy as np
from numpy.typing import ArrayLike


def length_buckets(lengths: ArrayLike, max_batch_size: int, max_batch_samples: int) -> list[np.ndarray]:
    """Splits items into batches of like length: every index once, longest batches last.

    Args:
        lengths: of the items `(n,)`.
        max_batch_size: most items of a batch.
        max_batch_samples: most values of a padded batch (its longest item times its size); a longer item is alone.

    Returns:
        Index arrays.

    Raises:
        ValueError: a limit is not positive.

    Example:
        >>> [bucket.tolist() for bucket in length_buckets([5, 1, 4, 2], max_batch_size=2, max_batch_samples=100)]
        [[1, 3], [2, 0]]
    """
    lengths = np.asarray(lengths)
    for name, value in (("max_batch_size", max_batch_size), ("max_batch_samples", max_batch_samples)):
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    order = np.argsort(lengths, kind="stable")
    buckets, start = [], 0
    for stop in range(1, len(order) + 1):
        full = stop - start == max_batch_size
        if stop == len(order) or full or lengths[order[stop]] * (stop + 1 - start) > max_batch_samples:
            buckets.append(order[start:stop])
            start = stop
    return buckets
