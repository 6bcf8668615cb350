"""Reductions over those pairs of a row that count; where none does, a number too large to matter, never infinity."""

from keras import KerasTensor, ops

ABSENT = 1e30


def masked_logsumexp(values: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Returns `log(sum(exp(values)))` over the last axis of what the mask keeps; `-ABSENT` where it keeps nothing."""
    return ops.logsumexp(ops.where(mask, values, -ABSENT), axis=-1)


def masked_max(values: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Returns the largest over the last axis of what the mask keeps; `-ABSENT` where it keeps nothing."""
    return ops.max(ops.where(mask, values, -ABSENT), axis=-1)


def masked_min(values: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Returns the smallest over the last axis of what the mask keeps; `ABSENT` where it keeps nothing."""
    return ops.min(ops.where(mask, values, ABSENT), axis=-1)


def masked_sum(values: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Returns the sum over the last axis of what the mask keeps."""
    return ops.sum(ops.where(mask, values, 0.0), axis=-1)


def count(mask: KerasTensor, dtype: str) -> KerasTensor:
    """Returns how many of the last axis the mask keeps."""
    return ops.sum(ops.cast(mask, dtype), axis=-1)
