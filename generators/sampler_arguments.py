"""Checks of the arguments that all samplers take."""

from numbers import Integral


def check_count(name: str, value: int) -> None:
    """Raises a ValueError that names an argument which is not a positive integer.

    Args:
        name: of the argument.
        value: of the argument.

    Example:
        >>> check_count("batch_size", 0)
        Traceback (most recent call last):
        ValueError: `batch_size` must be a positive integer. Received: batch_size=0.
    """
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value}.")


def check_seed(seed: int) -> None:
    """Raises a ValueError where a seed is not a non-negative integer."""
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"`seed` must be a non-negative integer. Received: seed={seed}.")


def check_batch_size(batch_size: int, num_rows: int, rows: str) -> None:
    """Raises a ValueError where a batch size is not from 1 to the number of rows.

    Args:
        batch_size: rows of a batch.
        num_rows: rows there are.
        rows: what they are, in the plural.
    """
    check_count("batch_size", batch_size)
    if batch_size > num_rows:
        raise ValueError(
            f"`batch_size` must not be more than {num_rows}, the number of {rows}. "
            f"Received: batch_size={batch_size}. Lower it, or add {rows}."
        )
