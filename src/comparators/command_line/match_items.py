"""Models of two roles on the command line: their roles, and the encodings of files, words and texts."""

from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from comparators.command_line.item_kinds import TEXTS, WORDS
from comparators.command_line.report import counted, note, shortened
from comparators.models.dual_encoder import DualEncoder

if TYPE_CHECKING:
    from comparators.models.encoder import Encoder

_BLOCK_ITEMS = 128


class EncodedItems(NamedTuple):
    """What `encode_items` returns.

    Attributes:
        encoded: embeddings or maps of the items that are readable, as `DualEncoder.encode` returns them.
        readable: which items these are `(n,)`.
        failures: path, word or text -> what is wrong with it, for the others.
    """

    encoded: np.ndarray | dict[str, np.ndarray]
    readable: np.ndarray
    failures: dict[str, str]


def media_of_roles(model: DualEncoder) -> dict[str, str]:
    """Returns what each role is of: `"audio"`, `"image"`, `WORDS` or `TEXTS`.

    Raises:
        ValueError: if the model encodes something else.
    """
    media = {role: getattr(model.encoder_of(role), "media", None) for role in model.roles}
    if None in media.values():
        raise ValueError(
            "This command needs a model of recordings, images, words or texts. Received: one whose roles "
            f"{', '.join(media)} are {', '.join(map(str, media.values()))}. Use it in Python instead."
        )
    return media


def read_item(encoder: "Encoder", row: dict) -> np.ndarray | str:
    """Reads one item: the waveform, the picture, the word itself where it has a vector, or the text itself.

    Raises:
        FileNotFoundError: if the file is missing.
        ValueError: if the file cannot be read, the word has no vector, or the text is empty.
    """
    if encoder.media == TEXTS:
        return _known_text(encoder, row["text"])
    if encoder.media == WORDS:
        missing = encoder.vectors.missing([row["word"]])
        if missing:
            raise ValueError(
                f"No word vector for '{row['word']}' (unknown: {', '.join(missing[row['word']])}). Take another word, "
                "or train with a file of vectors (--words) that has it."
            )
        return row["word"]
    if encoder.media == "image":
        return encoder.read(row["path"])
    return encoder.read(row["path"], row.get("start"), row.get("end"), row.get("channel"))


def _known_text(encoder: "Encoder", text: str) -> str:
    if not text.strip():
        raise ValueError("The text is empty. Write one.")
    if not encoder.tokenizer.encode([text])["lengths"][0]:
        raise ValueError(f"The model knows no word of '{shortened(text)}'. Take another text.")
    return encoder.read(text)


def note_long_texts(encoder: "Encoder", texts: list[str]) -> None:
    """Tells how many texts fill all the tokens that the model takes: what is beyond is not seen."""
    most = encoder.tokenizer.max_tokens
    full = int((encoder.tokenizer.encode_rows(texts).lengths == most).sum())
    if full:
        note(f"only the first {most} tokens are seen of {full:,} of {counted(len(texts), encoder.item_name)}")


def item_id(row: dict) -> str:
    """Returns what tells an item from others in an answer: its path, its word or its text."""
    return next(row[column] for column in ("path", "word", "text") if column in row)


def unreadable(model: DualEncoder, role: str, items: pd.DataFrame, quiet: bool) -> np.ndarray:
    """Reads every item once, and tells those that cannot be read `(n,)`, each with a note.

    A file that cannot be read would otherwise end the training hours later.
    """
    bad = np.zeros(len(items), bool)
    for number, row in enumerate(_shown(items, f"reading {role}", quiet)):
        try:
            read_item(model.encoder_of(role), row)
        except (ValueError, OSError) as error:
            bad[number] = True
            note(f"left out: {error}")
    return bad


def encode_items(model: DualEncoder, role: str, items: pd.DataFrame, quiet: bool) -> EncodedItems:
    """Reads and encodes the items of a role, block by block; those that cannot be read are told and left out.

    Raises:
        ValueError: if none can be read.
    """
    encoder = model.encoder_of(role)
    readable, failures = np.ones(len(items), bool), {}
    blocks, block = [], []
    for number, row in enumerate(_shown(items, f"encoding {role}", quiet)):
        try:
            block.append(read_item(encoder, row))
        except (ValueError, OSError) as error:
            readable[number], failures[item_id(row)] = False, str(error)
            note(f"skipped: {error}")
        if len(block) == _BLOCK_ITEMS:
            blocks.append(model.encode(block, role))
            block = []
    if block:
        blocks.append(model.encode(block, role))
    if failures:
        note(f"skipped {len(failures):,} of {counted(len(items), encoder.item_name)}")
    if not blocks:
        raise ValueError(f"No {encoder.item_name} is left to work on. Name others.")
    if encoder.media == TEXTS:
        note_long_texts(encoder, items.loc[readable, TEXTS].tolist())
    return EncodedItems(take(blocks, slice(None)), readable, failures)


def take(blocks: list, rows) -> np.ndarray | dict[str, np.ndarray]:
    """Joins encodings, arrays or dicts of them, and takes some of their rows."""
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts)[rows], *blocks)


def _shown(items: pd.DataFrame, what: str, quiet: bool):
    return tqdm(items.to_dict("records"), desc=what, unit="item", disable=True if quiet else None, leave=False)
