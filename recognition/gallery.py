"""Galleries: who is enrolled, kept in one file."""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from comparators.metrics.similarity import SIMILARITIES, as_embeddings, unit_rows
from comparators.recognition.atomic_file import locked_folder
from comparators.recognition.calibration import Calibration, calibration_from_dict
from comparators.recognition.embedding_table import EmbeddingTable
from comparators.recognition.enrolment import check_enrolled_labels, check_speech, json_rows
from comparators.recognition.gallery_file import read_gallery, write_gallery
from comparators.recognition.knn_recognizer import KNNRecognizer
from comparators.recognition.pair_probability import PairProbability
from comparators.recognition.similarity import similarity_matrix
from comparators.recognition.threshold import Threshold

Label = str | int


class _Item(NamedTuple):
    label: Label
    vector: np.ndarray
    metadata: dict


class Gallery:
    """Enrolled embeddings with their labels, that answers who somebody is, or that they are unknown.

    It belongs to the model whose fingerprint it carries: embeddings of two models cannot be compared. Everything that
    changes it does so wholly or not at all. `save` replaces the file as a whole, so a kill at any moment leaves the old
    gallery or the new one. Of two programs that load, change and save one file the later one wins; `Gallery.editing`
    makes them wait for each other.

    Args:
        fingerprint: of the model that makes the embeddings; None leaves that unchecked.
        dim: length of an embedding.
        similarity: "cosine", "dot", "euclidean", or the head of a siamese network: `model.scorer`.
        minimum_speech_seconds: items with less speech are refused, where it is said how much they have: they would be
            like anybody. They may still be asked about.
        threshold: from which similarity on somebody is known. None fits it on the enrolled items when it is needed.
        calibration: from the highest similarity to the evidence that somebody is known.

    Attributes:
        threshold: may be set, see also `fit_threshold`.
        calibration: may be set.

    Raises:
        ValueError: if `dim` is not positive, or `similarity` is another one.

    Example:
        >>> gallery = Gallery(fingerprint="f1", dim=2)
        >>> gallery.enroll("ann", [[1.0, 0.0], [0.9, 0.1]], ids=["a.wav", "b.wav"])
        ['a.wav', 'b.wav']
        >>> _ = gallery.enroll("bob", [0.0, 1.0], ids=["c.wav"])
        >>> gallery.recognize([[0.8, 0.1], [-1.0, -1.0]])["label"].tolist()
        ['ann', 'unknown']
        >>> gallery.search([0.8, 0.1], k=2)["label"].tolist()
        ['ann', 'bob']
    """

    def __init__(
        self,
        fingerprint: str | None,
        dim: int,
        similarity: str | PairProbability = "cosine",
        minimum_speech_seconds: float = 1.0,
        threshold: Threshold | None = None,
        calibration: Calibration | None = None,
    ):
        if dim < 1:
            raise ValueError(f"`dim` must be positive. Received: dim={dim}.")
        if not isinstance(similarity, PairProbability) and similarity not in SIMILARITIES:
            raise ValueError(
                f"`similarity` must be {', '.join(SIMILARITIES)} or a `PairProbability`, which a gallery's file can "
                f"hold. Received: similarity={similarity!r}."
            )
        self.fingerprint = fingerprint
        self.dim = int(dim)
        self.similarity = similarity
        self.minimum_speech_seconds = minimum_speech_seconds
        self.threshold = threshold
        self.calibration = calibration
        self._items: dict[str, _Item] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, label: Label) -> bool:
        return label in self.labels

    def __repr__(self) -> str:
        return f"Gallery({len(self.labels)} labels, {len(self)} items of {self.dim}, fingerprint={self.fingerprint!r})"

    @property
    def labels(self) -> list[Label]:
        """The enrolled labels, sorted."""
        return sorted({item.label for item in self._items.values()})

    @property
    def table(self) -> EmbeddingTable:
        """All items, in the order in which they were enrolled."""
        items = list(self._items.values())
        vectors = np.stack([item.vector for item in items]) if items else np.empty((0, self.dim))
        metadata = pd.DataFrame([item.metadata for item in items], index=pd.RangeIndex(len(items)))
        return EmbeddingTable(vectors, list(self._items), [item.label for item in items], self.fingerprint, metadata)

    def list_items(self) -> pd.DataFrame:
        """Lists the items.

        Returns:
            A row for each item: id, label, and the metadata.
        """
        table = self.table
        return pd.concat([pd.DataFrame({"id": table.ids, "label": table.labels}), table.metadata], axis=1)

    def enroll(
        self,
        label: Label,
        vectors: ArrayLike,
        ids: Sequence[str] | None = None,
        metadata: Mapping | Sequence[Mapping] | None = None,
        speech_seconds: ArrayLike | None = None,
    ) -> list[str]:
        """Enrols items of one label, new or known.

        Args:
            label: a string or a whole number, of the kind that the other labels are.
            vectors: one embedding `(dim,)` or several `(n, dim)`.
            ids: what they are the embeddings of, such as files; without, the first digits of a hash of each embedding.
            metadata: of each item, or one for all; what JSON can hold.
            speech_seconds: how much speech each item has, or all have; kept in the metadata.

        Returns:
            The ids of the items.

        Raises:
            ValueError: if the label is empty, missing or stands for the unknown; an id is enrolled already; an item has
            too
                little speech; or the embeddings are not finite or of another dimension.
            TypeError: if the label is not of the kind of the others.
        """
        vectors = np.asarray(vectors)
        vectors = as_embeddings(vectors[None] if vectors.ndim == 1 else vectors).astype(np.float32)
        ids = [sha256(vector.tobytes()).hexdigest()[:16] for vector in vectors] if ids is None else ids
        rows = [metadata or {}] * len(vectors) if metadata is None or isinstance(metadata, Mapping) else list(metadata)
        if len(rows) != len(vectors):
            raise ValueError(f"`metadata` must be one for each of the {len(vectors)} items. Received: {len(rows)}.")
        metadata = pd.DataFrame(rows, index=pd.RangeIndex(len(vectors)))
        if speech_seconds is not None:
            metadata["speech_seconds"] = np.broadcast_to(np.asarray(speech_seconds, np.float64), len(vectors))
        return self.add(EmbeddingTable(vectors, ids, [label] * len(vectors), self.fingerprint, metadata))

    def add(self, table: EmbeddingTable) -> list[str]:
        """Enrols all items of a table with labels.

        Args:
            table: made by the gallery's model. A column `speech_seconds` in its metadata is checked.

        Returns:
            The ids of the items.

        Raises:
            ValueError, TypeError: as `enroll` does, and if the table has no labels or is of another model.
        """
        if table.labels is None:
            raise ValueError(
                "Items need labels to be enrolled. Received: a table without. Give `labels` when you make it."
            )
        self._check_model(table.fingerprint, table.dim)
        check_enrolled_labels(table.labels.tolist(), self.labels)
        if self.similarity == "cosine":
            unit_rows(table.vectors)
        enrolled = [item for item in table.ids.tolist() if item in self._items]
        if enrolled:
            raise ValueError(
                f"{len(enrolled)} of {len(table)} items are enrolled already. Received: id {enrolled[0]!r}, "
                f"of {self._items[enrolled[0]].label!r}. Remove it first, or leave it out."
            )
        rows = json_rows(table.metadata)
        check_speech(table.ids.tolist(), rows, self.minimum_speech_seconds)
        for item, label, vector, row in zip(
            table.ids.tolist(), table.labels.tolist(), table.vectors, rows, strict=True
        ):
            self._items[item] = _Item(label, vector, row)
        return table.ids.tolist()

    def remove(self, label: Label) -> int:
        """Removes a label with all its items, and nothing else.

        Args:
            label: an enrolled label.

        Returns:
            How many items it had.

        Raises:
            KeyError: if it is not enrolled.
        """
        ids = self._ids_of(label)
        for item in ids:
            del self._items[item]
        return len(ids)

    def remove_item(self, item: str) -> None:
        """Removes one item. A label whose last item it was is gone with it.

        Args:
            item: its id.

        Raises:
            KeyError: if there is no such item.
        """
        self._check_item(item)
        del self._items[item]

    def relabel(self, old: Label, new: Label) -> int:
        """Gives all items of a label another one. If that one has items too, they are of one label from then on.

        Args:
            old: an enrolled label.
            new: its new name, of the same kind.

        Returns:
            How many items have been relabelled.

        Raises:
            KeyError: if `old` is not enrolled.
            ValueError, TypeError: if `new` is no label, see `enroll`.
        """
        ids = self._ids_of(old)
        check_enrolled_labels([new], self.labels)
        for item in ids:
            self._items[item] = self._items[item]._replace(label=new)
        return len(ids)

    def relabel_item(self, item: str, new: Label) -> None:
        """Gives one item another label.

        Args:
            item: its id.
            new: its label, new or known.

        Raises:
            KeyError: if there is no such item.
            ValueError, TypeError: if `new` is no label, see `enroll`.
        """
        self._check_item(item)
        check_enrolled_labels([new], self.labels)
        self._items[item] = self._items[item]._replace(label=new)

    def merge(self, other: "Gallery") -> int:
        """Takes over the items of another gallery. Items that both have alike stay once.

        Args:
            other: gallery of the same model.

        Returns:
            How many items are new.

        Raises:
            ValueError: if it is of another model, or one id stands for two different items.
            TypeError: if its labels are of another kind.
        """
        self._check_model(other.fingerprint, other.dim)
        shared = [item for item in other._items if item in self._items]
        for item in shared:
            ours, theirs = self._items[item], other._items[item]
            if ours.label != theirs.label or not np.array_equal(ours.vector, theirs.vector):
                raise ValueError(
                    f"One id stands for two different items. Received: {item!r}, here of {ours.label!r} and there of "
                    f"{theirs.label!r}. Relabel or remove one of them first."
                )
        table = other.table
        new = table[~np.isin(table.ids, shared)]
        self.add(new)
        return len(new)

    def search(self, vectors: ArrayLike | EmbeddingTable, k: int = 5) -> pd.DataFrame:
        """Ranks the labels that are most alike, known or not.

        Args:
            vectors: embeddings to ask about, `(dim,)`, `(n, dim)` or a table.
            k: how many labels for each.

        Returns:
            Rows for each embedding: `query` (its number), `rank` (from 1), `label`, and `score`, the similarity to the
            most similar item of the label. Of equal scores the label that sorts first comes first.

        Raises:
            ValueError: if the gallery is empty, `k` is not positive, or the embeddings are of another model or
            dimension.
        """
        if k < 1:
            raise ValueError(f"`k` must be positive. Received: k={k}.")
        queries, table = self._check_queries(vectors), self.table
        labels, codes = np.unique(table.labels, return_inverse=True)
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        k = min(k, len(labels))
        ranked, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        for start in range(0, len(queries), 1024):
            block = slice(start, start + 1024)
            similarities = similarity_matrix(queries[block], table.vectors[order], self.similarity)
            best = np.maximum.reduceat(similarities, starts, axis=1)
            ranked[block] = np.argsort(-best, axis=1, kind="stable")[:, :k]
            scores[block] = np.take_along_axis(best, ranked[block], axis=1)
        return pd.DataFrame(
            {
                "query": np.repeat(np.arange(len(queries)), k),
                "rank": np.tile(np.arange(1, k + 1), len(queries)),
                "label": labels[ranked.ravel()],
                "score": scores.ravel(),
            }
        )

    def recognize(self, vectors: ArrayLike | EmbeddingTable, k: int = 5) -> pd.DataFrame:
        """Says who each is, or that they are unknown.

        Without a threshold of the gallery's own, one is fitted in each call; `fit_threshold` fits one and keeps it.

        Args:
            vectors: embeddings to ask about, `(dim,)`, `(n, dim)` or a table.
            k: how many enrolled items vote, see `KNNRecognizer`.

        Returns:
            A row for each embedding: `label` ("unknown", or -1 with whole numbers, for the unknown), `known`, `score`
            (the highest similarity to any item), `threshold` (NaN without one), `probability` (of being known; NaN
            without calibration) and `nearest_label` (of the most similar item, known or not).

        Raises:
            ValueError: if the gallery is empty, or the embeddings are of another model or dimension.
        """
        queries = self._check_queries(vectors)
        recognizer = self.recognizer(k)
        scores, indices = recognizer.kneighbors(queries, k=1)
        threshold, calibration = recognizer.threshold_, self.calibration or recognizer.calibration_
        return pd.DataFrame(
            {
                "label": recognizer.predict(queries),
                "known": np.ones(len(queries), bool) if threshold is None else threshold.accepts(scores[:, 0]),
                "score": scores[:, 0],
                "threshold": np.nan if threshold is None else threshold.value,
                "probability": np.nan if calibration is None else calibration.probability(scores[:, 0]),
                "nearest_label": recognizer.classes_[recognizer.template_codes_[indices[:, 0]]],
            }
        )

    def recognizer(self, k: int = 5) -> KNNRecognizer:
        """Makes the recogniser that `recognize` asks: its `threshold_` says where the threshold comes from.

        Args:
            k: how many enrolled items vote.

        Returns:
            A recogniser with the gallery's threshold, or one fitted on its items; if they are too few for that, without
            one, and with a warning.

        Raises:
            ValueError: if the gallery is empty.
        """
        table = self.table
        if not len(table):
            raise ValueError("The gallery is empty. Enrol somebody first.")
        threshold = self.threshold
        if threshold is None:
            counts = np.unique(table.labels, return_counts=True)[1]
            threshold = "fit" if len(counts) > 1 and counts.max() > 1 else None
        if threshold is None:
            warnings.warn(
                "The gallery has no threshold, and too few items to fit one: everybody is taken for somebody enrolled. "
                "Enrol two labels, one with two items, or set `threshold`.",
                UserWarning,
                stacklevel=3,
            )
        return KNNRecognizer(k, self.similarity, threshold=threshold).fit(table.vectors, table.labels)

    def fit_threshold(self, target_fpir: float | None = None) -> Threshold:
        """Fits the threshold and the calibration on the enrolled items, and keeps them.

        Args:
            target_fpir: the highest share of unknown to take for known ones; None is where both errors are equal.

        Returns:
            The threshold, with its origin and error rates.

        Raises:
            ValueError: if there are too few items, see `KNNRecognizer`.
        """
        table = self.table
        recognizer = KNNRecognizer(similarity=self.similarity, target_fpir=target_fpir).fit(table.vectors, table.labels)
        self.threshold, self.calibration = recognizer.threshold_, recognizer.calibration_
        return self.threshold

    def save(self, path: str | os.PathLike) -> None:
        """Writes the gallery to one file, as a whole or not at all.

        Args:
            path: file to write or replace; ".npz" is usual.

        Raises:
            FileNotFoundError: if the folder does not exist.
        """
        table = self.table
        header = {
            "fingerprint": self.fingerprint,
            "dim": self.dim,
            "similarity": self.similarity if isinstance(self.similarity, str) else self.similarity.to_dict(),
            "minimum_speech_seconds": self.minimum_speech_seconds,
            "threshold": None if self.threshold is None else self.threshold.to_dict(),
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "metadata": [item.metadata for item in self._items.values()],
        }
        write_gallery(path, header, table.vectors, table.ids, table.labels)

    @classmethod
    def load(cls, path: str | os.PathLike, fingerprint: str | None = None) -> "Gallery":
        """Reads a gallery.

        Args:
            path: file that `save` wrote.
            fingerprint: of the model that will be used with it; None leaves that unchecked.

        Returns:
            The gallery.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no gallery, a damaged one, or one made with another model.
        """
        header, vectors, ids, labels = read_gallery(path)
        metadata = header.pop("metadata")
        threshold, calibration = header.pop("threshold"), header.pop("calibration")
        similarity = header["similarity"]
        gallery = cls(
            header["fingerprint"],
            header["dim"],
            similarity if isinstance(similarity, str) else PairProbability.from_dict(similarity),
            header["minimum_speech_seconds"],
            None if threshold is None else Threshold.from_dict(threshold),
            None if calibration is None else calibration_from_dict(calibration),
        )
        items = map(_Item, labels.tolist(), vectors, metadata)
        gallery._items = dict(zip(ids.tolist(), items, strict=True))
        gallery._check_model(fingerprint, gallery.dim)
        return gallery

    @classmethod
    @contextmanager
    def editing(
        cls, path: str | os.PathLike, fingerprint: str | None = None, new: "Gallery | None" = None
    ) -> Iterator["Gallery"]:
        """Loads a gallery, lets it be changed, and saves it, while other programs that do the same wait.

        Args:
            path: the gallery's file.
            fingerprint: of the model that will be used with it, see `load`.
            new: what to start from when there is no file yet.

        Yields:
            The gallery. It is saved when the block ends well, and the file stays as it was when it does not.

        Raises:
            FileNotFoundError: if there is no such file and no `new` gallery, or no such folder.
            ValueError: as `load` does.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     for name, vector in (("ann", [1.0, 0.0]), ("bob", [0.0, 1.0])):
            ...         with Gallery.editing(Path(folder) / "g.npz", "f1", new=Gallery("f1", dim=2)) as gallery:
            ...             _ = gallery.enroll(name, vector)
            ...     Gallery.load(Path(folder) / "g.npz").labels
            ['ann', 'bob']
        """
        path = Path(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(
                f"The folder {path.parent} does not exist. Received: {str(path)!r}. Create it first."
            )
        with locked_folder(path.parent):
            gallery = new if new is not None and not path.exists() else cls.load(path, fingerprint)
            yield gallery
            gallery.save(path)

    def _check_model(self, fingerprint: str | None, dim: int) -> None:
        if None not in (fingerprint, self.fingerprint) and fingerprint != self.fingerprint:
            raise ValueError(
                "The gallery was made with another model. "
                f"Received: fingerprint {self.fingerprint!r} of the gallery and {fingerprint!r} of the model. "
                "Load the model that made it, or enrol the recordings again with this one."
            )
        if dim != self.dim:
            raise ValueError(
                f"Embeddings must have the gallery's {self.dim} numbers. Received: {dim}. "
                "Embed with the model that made the gallery."
            )

    def _check_queries(self, vectors: ArrayLike | EmbeddingTable) -> np.ndarray:
        if not len(self):
            raise ValueError("The gallery is empty. Enrol somebody first.")
        fingerprint = None
        if isinstance(vectors, EmbeddingTable):
            vectors, fingerprint = vectors.vectors, vectors.fingerprint
        vectors = np.asarray(vectors)
        vectors = as_embeddings(vectors[None] if vectors.ndim == 1 else vectors)
        self._check_model(fingerprint, vectors.shape[1])
        return vectors

    def _ids_of(self, label: Label) -> list[str]:
        ids = [item for item, (enrolled, _, _) in self._items.items() if enrolled == label]
        if not ids:
            raise KeyError(
                f"Nobody is enrolled as {label!r}. Enrolled: {', '.join(map(str, self.labels[:20])) or 'nobody'}."
            )
        return ids

    def _check_item(self, item: str) -> None:
        if item not in self._items:
            raise KeyError(f"No item has the id {item!r}. `list_items()` lists all.")
