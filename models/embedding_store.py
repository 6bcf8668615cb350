"""Rows of a long embedding run on disk, so that a stopped run goes on where it was."""

import hashlib
import json
import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np


class EmbeddingStore:
    """A folder of shards, each a block of rows keyed by content; written atomically, never rewritten.

    A row's key is the hash of its file's bytes and of the range that was read, so rows cannot be given to another
    file, whatever was renamed, edited or added between two runs.

    Args:
        folder: where the shards lie; made when the first is written.
        fingerprint: of the model that embeds.

    Raises:
        ValueError: if the folder holds rows of another model, or the path is a file.

    Example:
        >>> import tempfile
        >>> store = EmbeddingStore(tempfile.mkdtemp(), fingerprint="0a1b")
        >>> store.add(["key"], np.ones((1, 4), "float32"), np.array([2.5]))
        >>> EmbeddingStore(store.folder, fingerprint="0a1b")["key"]
        (array([1., 1., 1., 1.], dtype=float32), 2.5)
    """

    def __init__(self, folder: str | os.PathLike, fingerprint: str):
        self.folder = Path(folder)
        self.fingerprint = fingerprint
        self._rows: dict[str, tuple[Path, int]] = {}
        self._open_shard: tuple[Path, dict] | None = None
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"`store` must be a folder. Received a file: {str(self.folder)!r}")
        for shard in sorted(self.folder.glob("*.npz")):
            self._index(shard)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: str) -> tuple[np.ndarray, float]:
        """Returns the embedding and the seconds of speech of a key."""
        shard, row = self._rows[key]
        if self._open_shard is None or self._open_shard[0] != shard:
            with np.load(shard) as arrays:
                self._open_shard = (shard, {name: arrays[name] for name in ("embeddings", "seconds")})
        arrays = self._open_shard[1]
        return arrays["embeddings"][row], float(arrays["seconds"][row])

    def add(self, keys: list[str], embeddings: np.ndarray, seconds: np.ndarray) -> None:
        """Writes one more shard; it is there whole or not at all.

        Args:
            keys: `n` keys.
            embeddings: `(n, dim)`.
            seconds: seconds of speech, `(n,)`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        shard = self.folder / f"{hashlib.sha256(''.join(keys).encode()).hexdigest()[:20]}.npz"
        temporary = shard.with_suffix(".part")
        with open(temporary, "wb") as file:
            head = json.dumps({"fingerprint": self.fingerprint, "keys": keys})
            np.savez(file, head=np.array(head), embeddings=embeddings, seconds=seconds)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, shard)
        self._rows.update({key: (shard, row) for row, key in enumerate(keys)})

    def _index(self, shard: Path) -> None:
        try:
            with np.load(shard) as arrays:
                head = json.loads(str(arrays["head"]))
        except (ValueError, OSError, KeyError, EOFError, BadZipFile) as error:
            raise ValueError(
                f"Damaged part of a stopped run: '{shard}'. Delete it; its recordings are then embedded again."
            ) from error
        if head["fingerprint"] != self.fingerprint:
            raise ValueError(
                f"{str(self.folder)!r} holds embeddings of another model (fingerprint {head['fingerprint']}, "
                f"this model has {self.fingerprint}). Name another store, or delete that folder."
            )
        self._rows.update({key: (shard, row) for row, key in enumerate(head["keys"])})


def content_key(path: str | os.PathLike, *parts: object) -> str:
    """Returns the key of a file: a hash of its bytes and of what else decides on its row (range, channel).

    Raises:
        OSError: if the file cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    digest.update(repr(parts).encode())
    return digest.hexdigest()
