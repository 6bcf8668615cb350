"""When too many files cannot be read to go on without them."""

from collections.abc import Mapping

_MOST_SHOWN = 20


def check_failures(failures: Mapping[int, str], count: int, max_failed_share: float, what: str = "clips") -> None:
    """Raises where more items have failed to load than may, or all of them.

    Args:
        failures: row of an item -> what is wrong with it.
        count: of all items.
        max_failed_share: of all items, how many may fail.
        what: the items, in the plural.

    Raises:
        ValueError: with the list of the items.

    Example:
        >>> check_failures({3: "No such file: 'x.wav'."}, count=4, max_failed_share=0.25)
        >>> check_failures({3: "No such file: 'x.wav'."}, count=8, max_failed_share=0.1)
        Traceback (most recent call last):
        ValueError: Too many clips cannot be loaded: 1 of 8, with max_failed_share=0.1. Correct or remove them, or \
raise `max_failed_share` (--max-failed on the command line).
          row 3: No such file: 'x.wav'.
    """
    if len(failures) < count and len(failures) <= max_failed_share * count:
        return
    shown = [f"row {row}: {text}" for row, text in list(failures.items())[:_MOST_SHOWN]]
    shown += ["..."] if len(failures) > _MOST_SHOWN else []
    raise ValueError(
        f"Too many {what} cannot be loaded: {len(failures)} of {count}, with max_failed_share={max_failed_share}. "
        "Correct or remove them, or raise `max_failed_share` (--max-failed on the command line).\n  "
        + "\n  ".join(shown)
    )
