"""Pairs of texts: graded, or the same and not the same; read, looked through, scored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from comparators.command_line.inputs import Sources
from comparators.command_line.match_items import note_long_texts, read_item
from comparators.command_line.report import counted, note
from comparators.command_line.source_tables import list_names
from comparators.custom_layers.symmetric_info_nce import SymmetricInfoNCE
from comparators.generators.media_folder import media_of
from comparators.generators.text_pairs import read_text_pairs
from comparators.generators.text_table import read_text_table
from comparators.models.comparator import Comparator
from comparators.models.dual_encoder import DualEncoder
from comparators.models.siamese import Siamese
from comparators.recognition.similarity import paired_similarity

TEXT_COLUMNS = ("sentence1", "sentence2")
"""Columns of a pair's texts; they are the roles of pairs that all belong together."""

GRADED, SAME, TOGETHER = "score", "same", "together"
"""Kinds of pairs: with a graded score, the same or not, and those that all belong together."""


@dataclass(frozen=True)
class TextPairs:
    """Distinct texts, and what pairs they are in.

    Args:
        texts: each once.
        table: `item_a` and `item_b`, positions of its texts, and `same`; a row for each pair.
        graded: whether `same` is a score, not 1 or 0.
    """

    texts: list[str]
    table: pd.DataFrame
    graded: bool

    def __len__(self) -> int:
        return len(self.table)

    def select(self, rows: np.ndarray) -> "TextPairs":
        """Returns the pairs of a mask `(n,)`."""
        return replace(self, table=self.table[rows].reset_index(drop=True))

    @property
    def same(self) -> np.ndarray:
        """The judgements `(n,)`; of pairs that are not graded, whether they are the same."""
        same = self.table["same"].to_numpy()
        return same if self.graded else same.astype(bool)

    def has_contrast(self) -> bool:
        """Tells whether there are two different judgements."""
        return self.table["same"].nunique() > 1


def pair_kind(names: Sequence[str]) -> str | None:
    """Returns of which kind the pairs in some sources are; None where there are no pairs.

    Raises:
        FileNotFoundError: if a source does not exist.
        ValueError: if the sources are of several kinds, or have neither texts nor pairs.
    """
    kinds = {name: _kind(Path(name).expanduser()) for name in names}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"'{name}' has {kind or 'no'}" for name, kind in kinds.items())
        raise ValueError(f"All sources must be of one kind. Received: pairs of which {listed}. Name those of one.")
    return next(iter(kinds.values()))


def _kind(path: Path) -> str | None:
    if path.is_dir() or path.suffix.lower() == ".txt" or media_of(path) is not None:
        return None
    columns = read_text_table(path).columns
    if set(TEXT_COLUMNS) <= set(columns):
        return next((kind for kind in (GRADED, SAME) if kind in columns), TOGETHER)
    if "text" not in columns:
        raise ValueError(
            f"Texts are in the column `text`, pairs of them in `{'` and `'.join(TEXT_COLUMNS)}`, with `score` where "
            f"they are graded, or `same`, 1 or 0. Received: '{path}' with the columns {list_names(columns)}."
        )
    return None


def read_pairs(sources: Sources, kind: str) -> TextPairs:
    """Reads graded pairs, or the same and not the same.

    Raises:
        ValueError: if a text or a judgement is missing or wrong; the message names the source and the rows.
    """
    position: dict[str, int] = {}
    tables = []
    for name in sources.names:
        texts, table = read_text_pairs(name, TEXT_COLUMNS, kind, sources.split)
        if kind == SAME and not table["same"].isin((0, 1)).all():
            raise ValueError(
                f"`same` must be 1 or 0 in '{name}'. Received: {list_names(sorted(table['same'].unique())[:5])}. Call "
                "graded judgements `score`."
            )
        places = np.array([position.setdefault(text, len(position)) for text in texts])
        columns = {side: places[table[side].to_numpy()] for side in ("item_a", "item_b")}
        tables.append(pd.DataFrame({**columns, "same": table["same"]}))
    return TextPairs(list(position), pd.concat(tables, ignore_index=True), kind == GRADED)


def require_contrast(pairs: TextPairs, what_for: str) -> None:
    """Raises a ValueError unless there are two different judgements."""
    if not pairs.has_contrast():
        column = GRADED if pairs.graded else SAME
        raise ValueError(
            f"{what_for} needs pairs of two different judgements. Received: {counted(len(pairs), 'pair')} with "
            f"`{column}` {pairs.table['same'].iloc[0]:g}. Add others; where all belong together, leave `same` out."
        )


def known_pairs(model: Comparator, pairs: TextPairs) -> tuple[TextPairs, dict[str, str]]:
    """Leaves out the pairs with a text that the model knows no word of; each such text is told.

    Returns:
        The other pairs, and text -> what is wrong with it.

    Raises:
        ValueError: if no pair is left.
    """
    bad, failures = np.zeros(len(pairs.texts), bool), {}
    for number, text in enumerate(pairs.texts):
        try:
            read_item(model, {"text": text})
        except ValueError as error:
            bad[number], failures[text] = True, str(error)
            note(f"left out: {error}")
    left = ~bad[pairs.table[["item_a", "item_b"]].to_numpy()].any(axis=1)
    if not left.any():
        raise ValueError("No pair is left to work on, for the reasons above. Name other texts.")
    if failures:
        note(f"left out {len(left) - left.sum():,} of {counted(len(left), 'pair')}")
    note_long_texts(model, [text for text, left_out in zip(pairs.texts, bad, strict=True) if not left_out])
    return pairs.select(left), failures


def score_pairs(model: Comparator, pairs: TextPairs) -> np.ndarray:
    """Scores the texts of each pair as the model does `(n,)`; each text is embedded once."""
    places = pairs.table[["item_a", "item_b"]].to_numpy().T
    used, places = np.unique(places, return_inverse=True)
    embeddings = model.embed([pairs.texts[number] for number in used])
    return paired_similarity(*embeddings[places.reshape(2, -1)], similarity=model.scorer)


def shared_roles(encoder: Comparator) -> DualEncoder:
    """Makes of an encoder a model of two roles that share it: of pairs that all belong together, they are matches.

    Raises:
        ValueError: if it is a siamese network, or compares by the Euclidean distance.
    """
    if isinstance(encoder, Siamese) or encoder.scorer != "cosine":
        what = "A siamese network" if isinstance(encoder, Siamese) else "A network that compares by distance"
        raise ValueError(
            f"{what} needs pairs that are the same and pairs that are not. Received: pairs without a column `same`. "
            "Add it, or take an encoder that compares by cosine."
        )
    return DualEncoder(dict.fromkeys(TEXT_COLUMNS, encoder), SymmetricInfoNCE())
