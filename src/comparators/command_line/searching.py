"""The steps of `comparators search`: what is asked, what is searched, and the scores of the one with the other."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from comparators.command_line.embedding import embed_table
from comparators.command_line.inputs import with_sources
from comparators.command_line.item_kinds import TEXTS, WORDS, kind_name
from comparators.command_line.match_items import encode_items, media_of_roles, read_item
from comparators.command_line.match_sources import read_items
from comparators.command_line.report import shortened
from comparators.command_line.source_tables import read_text
from comparators.custom_layers.matchmap_similarity import MatchmapSimilarity
from comparators.generators.media_folder import MEDIA_NAMES, media_of
from comparators.generators.readable_file import check_readable_file
from comparators.models.comparator import Comparator
from comparators.models.dual_encoder import DualEncoder
from comparators.models.encoder import Encoder
from comparators.recognition.embedding_table import EmbeddingTable

_ITEM_COLUMNS = ("path", "word", "text", "label")


class Found(NamedTuple):
    """What was searched.

    Attributes:
        role: of the query; None for a model of one role.
        items: `path`, `word` or `text`, and `label` where it is known; a row for each.
        scores: of the items `(n,)`.
        failures: path, word or text -> what was wrong with it.
    """

    role: str | None
    items: pd.DataFrame
    scores: np.ndarray
    failures: dict[str, str]

    def ranked(self, limit: int) -> pd.DataFrame:
        """Returns the first items with their rank, from 1, and their score."""
        best = np.argsort(-self.scores, kind="stable")[:limit]
        items = self.items[[name for name in _ITEM_COLUMNS if name in self.items]].iloc[best]
        # A word is its own label.
        items = items.drop(columns="label") if {"word", "label"} <= set(items) else items
        return pd.DataFrame({"rank": np.arange(1, 1 + len(best)), "score": self.scores[best].tolist()}).join(
            items.reset_index(drop=True)
        )


def search_one_role(
    model: Comparator,
    name: str,
    query: str,
    sources: Sequence[str],
    label_column: str | None,
    split: str | None,
    quiet: bool,
) -> Found:
    """Scores files, texts, or embeddings in an .npz file, against a query of the same kind."""
    asked = model.embed([read_query(model, query)])
    table, failures = _stored(sources, model), {}
    if table is None:
        model, items = with_sources(model, name, None, sources, label_column, split, model.media)
        table, failures = embed_table(model, items, quiet)
    return Found(None, _items_of(table), model.score(asked, table.vectors)[0], failures)


def search_two_roles(
    model: DualEncoder,
    query: str,
    role: str | None,
    sources: Sequence[str],
    label_column: str | None,
    split: str | None,
    quiet: bool,
) -> Found:
    """Scores what is of the other role than a query."""
    media = media_of_roles(model)
    role = _role_of(query, media) if role is None else role
    asked = [read_query(model.encoder_of(role), query)]
    (other,) = (name for name in media if name != role)
    table, failures = _stored(sources, model.encoder_of(other)), {}
    if table is None:
        items = read_items(sources, other, media[other], label_column, split)
        done = encode_items(model, other, items, quiet)
        items, encoded, failures = items[done.readable], done.encoded, done.failures
    elif isinstance(model.match_similarity, MatchmapSimilarity):
        raise ValueError(
            f"The model compares maps, not embeddings. Received: '{sources[0]}'. Name the files themselves."
        )
    else:
        items, encoded = _items_of(table), table.vectors
    (best,), (scores,) = model.search(asked, role, encoded, limit=len(items))
    return Found(role, items.iloc[best], scores, failures)


def read_pair(model: DualEncoder, a: str, b: str) -> list[np.ndarray | str]:
    """Reads two things, one of each role, and returns them in the order of the roles.

    Where both roles are of one kind, such as questions and passages, they are in this order already.

    Raises:
        ValueError: if they are of one role.
    """
    media = media_of_roles(model)
    if len(set(media.values())) == 1:
        return [read_query(model.encoder_of(role), query) for role, query in zip(media, (a, b), strict=True)]
    given = {_role_of(query, media): query for query in (a, b)}
    if len(given) == 1:
        raise ValueError(
            f"The model compares {' with '.join(media)}. Received: '{shortened(a)}' and '{shortened(b)}', both "
            f"{next(iter(given))}. Name one of each, or compare two of one role with --role."
        )
    return [read_query(model.encoder_of(role), given[role]) for role in media]


def _role_of(query: str, media: dict[str, str]) -> str:
    """Returns the role of a query by its kind; of two roles of that kind the first, which asks the other."""
    kinds = (media_of(query),) if media_of(query) else (WORDS, TEXTS)
    roles = [role for role, own in media.items() if own in kinds]
    if not roles:
        # Without words and texts in the model, a query of one word is taken for one.
        kind = kind_name(kinds[0]) if media_of(query) else ("text" if " " in query.strip() else "word")
        listed = ", ".join(f"{role} ({kind_name(own)})" for role, own in media.items())
        raise ValueError(
            f"The model has no role for the {kind} '{shortened(query)}'. Its roles: {listed}. Ask with another, or "
            "name its role with --role."
        )
    return roles[0]


def read_query(encoder: Encoder, query: str) -> np.ndarray | str:
    """Reads what is asked: a file; a word or a text as it stands; of a .txt file, the text in it."""
    if encoder.media == WORDS:
        return read_item(encoder, {"word": query})
    if encoder.media == TEXTS:
        return read_item(encoder, {"text": read_text(query)})
    path = os.path.abspath(query)
    check_readable_file(path, MEDIA_NAMES[encoder.media])
    return read_item(encoder, {"path": path})


def _stored(sources: Sequence[str], encoder: Comparator) -> EmbeddingTable | None:
    """Reads the one source, where it is a file of embeddings.

    Raises:
        ValueError: if another model made them.
    """
    if not sources[0].lower().endswith(".npz"):
        return None
    table = EmbeddingTable.load(sources[0])
    if len(sources) > 1 or table.fingerprint != encoder.fingerprint:
        raise ValueError(
            f"Search one file of embeddings that this model made ({encoder.fingerprint}). Received: "
            f"{', '.join(sources)}, of model {table.fingerprint}. Make it again with `comparators embed`."
        )
    return table


def _items_of(table: EmbeddingTable) -> pd.DataFrame:
    column = next((name for name in ("text", "word") if name in table.metadata), "path")
    items = pd.DataFrame({column: table.metadata.get(column, table.ids)})
    return items if table.labels is None else items.assign(label=table.labels)
