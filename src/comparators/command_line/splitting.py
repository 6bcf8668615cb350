"""What is kept out of training: labels, or matches, that share nothing with the others."""

import numpy as np
import pandas as pd

from comparators.command_line.item_kinds import TEXTS
from comparators.command_line.match_table import MatchTable, joined_rows
from comparators.command_line.report import counted, note
from comparators.command_line.text_pairs import TextPairs
from comparators.generators.splits import split_by_label


def split_labels(table: pd.DataFrame, fraction: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Keeps a share of the labels, at least two, out of training; none where it is 0 or labels are too few."""
    num_labels = table["label"].nunique()
    if fraction == 0 or num_labels < 4:
        note("warning: no validation labels, so the last epoch is kept and no threshold is fitted")
        return table, None
    return split_by_label(table, max(fraction, 2 / num_labels), seed=seed)


def split_matches(
    table: MatchTable,
    fraction: float,
    seed: int,
    without: str = "the last epoch is kept and no threshold is fitted",
) -> tuple[MatchTable, MatchTable | None]:
    """Keeps a share of the matches out of training, at least ten or a fifth of them; no file is on both sides.

    Neither is a text, unless too many matches hang together by theirs; how many are on both sides is said. None are
    kept out where the share is 0, or either side would have no impostors; `without` is said then.
    """
    held_out = held_out_pieces(table.pieces(), fraction, seed)
    groups = table.groups()
    if fraction == 0 or min(len(set(groups[held_out])), len(set(groups[~held_out]))) < 2:
        note(f"warning: no validation matches, so {without}")
        return table, None
    for role, media in table.roles.items():
        shared = np.intersect1d(table.rows[role][held_out], table.rows[role][~held_out]) if media == TEXTS else ()
        if len(shared):
            note(f"warning: {counted(len(shared), role)} of validation matches also in training matches")
    return table.select(~held_out), table.select(held_out)


def split_pairs(pairs: TextPairs, fraction: float, seed: int) -> tuple[TextPairs, TextPairs | None]:
    """Keeps a share of the pairs out of training, at least ten or a fifth of them; no text is on both sides.

    Where too many pairs hang together by their texts, any pairs are drawn, and the texts on both sides are counted.
    None are kept out where the share is 0, or either side would have one judgement only.
    """
    wanted = max(round(fraction * len(pairs)), min(10, len(pairs) // 5))
    held_out = _few_pieces(joined_rows(*pairs.table[["item_a", "item_b"]].to_numpy().T), wanted, seed)
    if held_out.sum() < wanted / 2:
        held_out = np.isin(np.arange(len(pairs)), np.random.default_rng(seed).permutation(len(pairs))[:wanted])
    sides = pairs.select(~held_out), pairs.select(held_out)
    if fraction == 0 or not all(side.has_contrast() for side in sides):
        note("warning: no validation pairs, so the last epoch is kept and no threshold is fitted")
        return pairs, None
    shared = np.intersect1d(*(side.table[["item_a", "item_b"]].to_numpy() for side in sides))
    if len(shared):
        note(f"warning: {counted(len(shared), 'text')} of validation pairs also in training pairs")
    return sides


def _few_pieces(pieces: np.ndarray, wanted: int, seed: int) -> np.ndarray:
    """Draws pieces of so many rows, or somewhat fewer, and returns which rows are theirs `(n,)`."""
    names, sizes = np.unique(pieces, return_counts=True)
    taken, left = [], wanted
    for number in np.random.default_rng(seed).permutation(len(names)):
        if sizes[number] <= left:
            taken.append(names[number])
            left -= sizes[number]
    return np.isin(pieces, taken)


def held_out_pieces(pieces: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draws a share of the pieces, at least ten or a fifth of them, and returns which rows are theirs `(n,)`."""
    names = np.random.default_rng(seed).permutation(np.unique(pieces))
    count = max(round(fraction * len(names)), min(10, len(names) // 5))
    return np.isin(pieces, names[:count])
