"""What a new network of two roles is to be like: which roles there are, and what each network needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from comparators.command_line.item_kinds import TEXTS, WORDS
from comparators.command_line.match_table import MatchTable
from comparators.command_line.new_text_model import common_vectors, corpus_tokenizer
from comparators.generators.word_vectors import WordVectors, split_name
from comparators.models.audio_text import AudioText
from comparators.models.clip import CLIP
from comparators.models.davenet import DaveNet
from comparators.models.dpr import DPR
from comparators.models.dual_encoder import DualEncoder
from comparators.models.word_audio import WordAudio

ROLES = {
    ("image", "audio"): {"image": "image", "audio": "audio"},
    ("audio", "word"): {"audio": "audio", "word": WORDS},
    ("image", "text"): {"image": "image", "text": TEXTS},
    ("audio", "text"): {"audio": "audio", "text": TEXTS},
    ("question", "passage"): {"question": TEXTS, "passage": TEXTS},
}
"""Roles, in the order of the networks, and what each is of."""

_LEAST_CLIP_SECONDS = 1.0


class NewMatchModel(NamedTuple):
    """What a new network of two roles is to be like.

    Attributes:
        roles: two of them, see `ROLES`.
        words: file of word vectors, for the role `word`.
        tokenizer: file of a tokenizer, for roles of texts; None trains one on the texts.
        clip_seconds: of a sound; None takes the network's own.
        embedding_dim: values in an embedding.
        image_size: height and width of the images.
        grey: images of one channel.
    """

    roles: Sequence[str]
    words: Path | None
    tokenizer: Path | None
    clip_seconds: float | None
    embedding_dim: int
    image_size: int
    grey: bool

    def media(self) -> dict[str, str]:
        """Returns what each role is of.

        Raises:
            ValueError: if there is no network for these roles, or word vectors or a tokenizer are missing or of no use.
        """
        media = next((media for roles, media in ROLES.items() if set(roles) == set(self.roles)), None)
        if media is None or len(self.roles) != 2:
            raise ValueError(
                f"`--roles` must be {' or '.join(map(','.join, ROLES))}. Received: {','.join(self.roles)}. For other "
                "roles build a `DualEncoder` in Python."
            )
        if ("word" in media) != (self.words is not None):
            raise ValueError(
                "The role `word`, and no other, needs word vectors: `--words glove.txt`, or an .npz file. Received: "
                f"--roles {','.join(self.roles)} --words {self.words}."
            )
        if self.tokenizer is not None and TEXTS not in media.values():
            raise ValueError(
                f"A tokenizer is for roles of texts. Received: --roles {','.join(self.roles)} --tokenizer "
                f"{self.tokenizer}. Leave it out."
            )
        short = self.clip_seconds is not None and self.clip_seconds < _LEAST_CLIP_SECONDS
        if short and "audio" in media and "image" not in media:
            raise ValueError(
                f"`--window-seconds` must be at least {_LEAST_CLIP_SECONDS:g} for sounds with words or texts, of "
                f"which the network takes 63 frames or more. Received: {self.clip_seconds:g}."
            )
        return media

    def make(self, table: MatchTable, seed: int) -> DualEncoder:
        """Makes the network for a table of matches.

        A tokenizer is trained on the table's texts; of word vectors those of its words and of the first words of the
        file are kept.
        """
        clip = {} if self.clip_seconds is None else {"clip_seconds": self.clip_seconds}
        common = {"embedding_dim": self.embedding_dim, "seed": seed, **clip}
        pictures = {"size": (self.image_size, self.image_size), "mode": "grey" if self.grey else "rgb"}
        if TEXTS not in table.roles.values():
            if self.words is None:
                return DaveNet.small(**pictures, **common)
            vectors = WordVectors.read(self.words)
            words = {word for name in table.items["word"]["word"] for word in split_name(name)}
            return WordAudio.default(common_vectors(vectors, words), **common)
        texts = [text for role, media in table.roles.items() if media == TEXTS for text in table.items[role]["text"]]
        tokenizer = corpus_tokenizer(self.tokenizer, texts)
        if "image" in table.roles:
            return CLIP.small(tokenizer, **pictures, embedding_dim=self.embedding_dim)
        if "audio" in table.roles:
            return AudioText.default(tokenizer, embedding_dim=self.embedding_dim, **clip)
        return DPR.default(tokenizer, embedding_dim=self.embedding_dim)
