"""Colours and markers of labels."""

from collections.abc import Hashable, Sequence

COLOURS = (
    "#1f6fb4",
    "#e4572e",
    "#2a9d4f",
    "#8e44ad",
    "#f2b21b",
    "#17a2b8",
    "#d6297f",
    "#7a4a1f",
    "#86b817",
    "#1b2a6b",
    "#f48fb1",
    "#0b5d4f",
)
MARKERS = ("o", "s", "^", "D", "X")
GREY = "#9a9a9a"


def label_styles(labels: Sequence[Hashable]) -> dict[Hashable, tuple[str, str]]:
    """Gives each label a colour and a marker, all different for up to 60 labels; after that they repeat.

    The colour changes with every label and the marker after 12 labels, so that few labels differ by colour alone.

    Args:
        labels: the distinct labels, in the order of the legend.

    Returns:
        Label -> (colour, marker).

    Example:
        >>> label_styles(["ann", "bob"])
        {'ann': ('#1f6fb4', 'o'), 'bob': ('#e4572e', 'o')}
    """
    return {
        label: (COLOURS[i % len(COLOURS)], MARKERS[i // len(COLOURS) % len(MARKERS)]) for i, label in enumerate(labels)
    }
